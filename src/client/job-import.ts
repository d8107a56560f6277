/**
 * Adds many jobs in chunks, each all or nothing, two under way at a time.
 *
 * A chunk's Idempotency-Key follows from its text, its place and the name of the import, so that a repeat adds
 * nothing twice for as long as the daemon remembers keys (a day). Holds no more than the chunks under way.
 */
import { createHash } from 'node:crypto';
import { TaskbellError } from '../protocol/errors.ts';
import type { AddedJob, JobRequest } from '../protocol/jobs.ts';
import { MAX_BATCH_JOBS } from './gatherer.ts';
import { toText } from './json-text.ts';

/** One job as JSON text. */
export interface ImportLine {
  /** Its number: of the line in its file, say. Rises. */
  readonly n: number;
  readonly text: string;
}

export interface ImportOptions {
  /** Jobs in a chunk, 1 to 10,000; 1,000 when omitted. The same jobs in chunks of another size are other jobs. */
  readonly chunk?: number;
  /** Tells imports of the same jobs apart; a repeat under another name adds them again. */
  readonly importId?: string;
  /** Called after each chunk that is on disk. */
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Ends the import between two chunks. */
  readonly signal?: AbortSignal;
}

export interface ImportProgress {
  /** Jobs that the daemon has taken. */
  readonly jobs: number;
  /** Of those: not made, because another one holds their unique key. */
  readonly duplicates: number;
  /** Of those: added by an earlier import that this one repeats; by the clocks of both ends. */
  readonly repeated: number;
}

/** The import ended early. Everything before `resumeFrom` is there; nothing of its chunk is. */
export class ImportStopped extends TaskbellError {
  /** Number of the first job of the first chunk that is not there. */
  readonly resumeFrom: number;
  readonly progress: ImportProgress;

  constructor(cause: unknown, resumeFrom: number, progress: ImportProgress) {
    const known = cause instanceof TaskbellError ? cause : undefined;
    const message = cause instanceof Error ? cause.message : String(cause);
    super(known?.code ?? 'E_INTERNAL', message, { hint: known?.hint, cause });
    this.resumeFrom = resumeFrom;
    this.progress = progress;
  }
}

/** Sends one JSON array to `POST /v1/jobs`. */
export type SendChunk = (body: string, idempotencyKey: string) => Promise<unknown>;

const USUAL_CHUNK = 1_000;
const UNDER_WAY = 2;
const MAX_CHUNK_BYTES = 8 * 1_048_576;

/** @throws ImportStopped */
export async function importLines(
  lines: AsyncIterable<ImportLine>,
  send: SendChunk,
  options: ImportOptions,
): Promise<ImportProgress> {
  const { chunk: size = USUAL_CHUNK, importId = '' } = options;
  checkSize(size);
  const tally = new Tally(options.onProgress);
  const underWay = new Set<Promise<void>>();
  let openAt = 1;
  try {
    for await (const chunk of cut(lines, size, (n) => {
      openAt = n;
    })) {
      while (underWay.size >= UNDER_WAY) await Promise.race(underWay);
      const first = (chunk[0] as ImportLine).n;
      if (options.signal?.aborted) tally.fail(options.signal.reason, first);
      if (tally.failed) break;
      const sending = send(bodyOf(chunk), keyOf(chunk, importId))
        .then((jobs) => tally.note(jobs as readonly AddedJob[], chunk.length))
        .catch((error: unknown) => tally.fail(error, first))
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
  } catch (error) {
    // The lines themselves: the chunk that was being gathered is not sent.
    tally.fail(error, openAt);
  }
  await Promise.all(underWay);
  return tally.finish();
}

/** Counted from 1. */
export async function* numberLines(
  requests: AsyncIterable<JobRequest> | Iterable<JobRequest>,
): AsyncGenerator<ImportLine> {
  let n = 0;
  for await (const request of requests) {
    n += 1;
    yield { n, text: toText(request) };
  }
}

class Tally {
  readonly #onProgress: (progress: ImportProgress) => void;
  readonly #startedAt = Date.now();
  #progress: ImportProgress = { jobs: 0, duplicates: 0, repeated: 0 };
  #failure: { readonly error: unknown; readonly n: number } | undefined;

  constructor(onProgress: ((progress: ImportProgress) => void) | undefined) {
    this.#onProgress = onProgress ?? (() => undefined);
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  note(jobs: readonly AddedJob[], asked: number): void {
    const before = this.#progress;
    const duplicates = jobs.filter(({ duplicate }) => duplicate).length;
    const repeated = jobs.filter(
      ({ duplicate, createdAt }) => !duplicate && Date.parse(createdAt) < this.#startedAt,
    ).length;
    // What an earlier import added and is gone already is not answered.
    const gone = asked - jobs.length;
    this.#progress = {
      jobs: before.jobs + asked,
      duplicates: before.duplicates + duplicates,
      repeated: before.repeated + repeated + gone,
    };
    this.#onProgress(this.#progress);
  }

  /** The first chunk of those that failed is the one to go on from. */
  fail(error: unknown, n: number): void {
    if (this.#failure === undefined || n < this.#failure.n) this.#failure = { error, n };
  }

  finish(): ImportProgress {
    if (this.#failure === undefined) return this.#progress;
    throw new ImportStopped(this.#failure.error, this.#failure.n, this.#progress);
  }
}

/** @param onOpen is told the number of the first line of each chunk that is being gathered */
async function* cut(
  lines: AsyncIterable<ImportLine>,
  size: number,
  onOpen: (n: number) => void,
): AsyncGenerator<readonly ImportLine[]> {
  let chunk: ImportLine[] = [];
  let bytes = 0;
  let next = 1;
  const take = () => {
    const full = chunk;
    chunk = [];
    bytes = 0;
    onOpen(next);
    return full;
  };
  for await (const line of lines) {
    const length = Buffer.byteLength(line.text);
    if (chunk.length > 0 && bytes + length > MAX_CHUNK_BYTES) yield take();
    if (chunk.length === 0) onOpen(line.n);
    chunk.push(line);
    bytes += length;
    next = line.n + 1;
    if (chunk.length === size) yield take();
  }
  if (chunk.length > 0) yield take();
}

function bodyOf(chunk: readonly ImportLine[]): string {
  return `[${chunk.map(({ text }) => text).join(',')}]`;
}

function keyOf(chunk: readonly ImportLine[], importId: string): string {
  const hash = createHash('sha256').update(importId);
  for (const { n, text } of chunk) hash.update(`\n${n} ${text}`);
  return `import:${hash.digest('base64url')}`;
}

function checkSize(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= MAX_BATCH_JOBS) return;
  throw new TaskbellError('E_USAGE', `A chunk has 1 to ${MAX_BATCH_JOBS} jobs, got ${size}.`);
}

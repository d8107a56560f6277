/**
 * Gathers the `add` calls of one event-loop turn into one request.
 *
 * The daemon takes an array whole or not at all. So that one bad job cannot fail its neighbours, an
 * array that is refused is halved until the bad one stands alone.
 */
import { ERROR_CODES, TaskbellError } from '../protocol/errors.ts';
import type { AddedJob } from '../protocol/jobs.ts';

export const MAX_BATCH_JOBS = 10_000;
export const MAX_BATCH_BYTES = 32 * 1024 * 1024;

interface PendingAdd {
  /** The job request as JSON text. */
  readonly text: string;
  readonly bytes: number;
  readonly resolve: (job: AddedJob) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends one JSON text, an object or an array, to `POST /v1/jobs`. */
export type SendJobs = (body: string) => Promise<unknown>;

export class AddGatherer {
  readonly #send: SendJobs;
  #pending: PendingAdd[] = [];

  constructor(send: SendJobs) {
    this.#send = send;
  }

  add(text: string): Promise<AddedJob> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) setImmediate(() => this.#flush());
      this.#pending.push({ text, bytes: Buffer.byteLength(text), resolve, reject });
    });
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const batch of cut(pending)) void this.#post(batch);
  }

  /** Never rejects: every outcome goes to the members. */
  async #post(batch: readonly PendingAdd[]): Promise<void> {
    try {
      const jobs = await this.#ask(batch);
      for (const [i, member] of batch.entries()) member.resolve(jobs[i] as AddedJob);
    } catch (error) {
      if (batch.length === 1 || !isRefusal(error)) {
        for (const member of batch) member.reject(error);
        return;
      }
      const middle = batch.length >> 1;
      // One after the other, so that jobs keep the order in which they were added.
      await this.#post(batch.slice(0, middle));
      await this.#post(batch.slice(middle));
    }
  }

  async #ask(batch: readonly PendingAdd[]): Promise<readonly AddedJob[]> {
    const [first] = batch;
    if (first !== undefined && batch.length === 1) {
      return [(await this.#send(first.text)) as AddedJob];
    }
    const answer = await this.#send(`[${batch.map((member) => member.text).join(',')}]`);
    if (Array.isArray(answer) && answer.length === batch.length) return answer as AddedJob[];
    throw new TaskbellError('E_INTERNAL', `The daemon did not answer with ${batch.length} jobs.`);
  }
}

/** The daemon looked at the request and said no; nothing of it was accepted. */
function isRefusal(error: unknown): boolean {
  return error instanceof TaskbellError && ERROR_CODES[error.code].status < 500;
}

/** Pieces that the daemon takes at once, in order. */
function cut(pending: readonly PendingAdd[]): readonly PendingAdd[][] {
  const batches: PendingAdd[][] = [];
  let batch: PendingAdd[] = [];
  let bytes = 0;
  for (const member of pending) {
    const full = batch.length >= MAX_BATCH_JOBS || bytes + member.bytes + 2 > MAX_BATCH_BYTES;
    if (full && batch.length > 0) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(member);
    bytes += member.bytes + 1;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/**
 * Gathers the calls of one event-loop turn into one request: adds of jobs, publishes of events.
 *
 * The daemon takes an array whole or not at all. So that one bad job or event cannot fail its neighbours, an
 * array that is refused is halved until the bad one stands alone.
 */
import { ERROR_CODES, TaskbellError } from '../protocol/errors.ts';

export const MAX_BATCH_JOBS = 10_000;
export const MAX_BATCH_BYTES = 32 * 1024 * 1024;

interface Pending<T> {
  /** The request as JSON text. */
  readonly text: string;
  readonly bytes: number;
  readonly resolve: (answer: T) => void;
  readonly reject: (error: unknown) => void;
}

export interface GathererParts<T> {
  /** Sends one JSON text, an object or an array; resolves with the answers, one for each. */
  readonly send: (body: string) => Promise<readonly T[]>;
  readonly maxCount: number;
}

export class Gatherer<T> {
  readonly #parts: GathererParts<T>;
  #pending: Pending<T>[] = [];

  constructor(parts: GathererParts<T>) {
    this.#parts = parts;
  }

  add(text: string): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) setImmediate(() => this.#flush());
      this.#pending.push({ text, bytes: Buffer.byteLength(text), resolve, reject });
    });
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const batch of this.#cut(pending)) void this.#post(batch);
  }

  /** Never rejects: every outcome goes to the members. */
  async #post(batch: readonly Pending<T>[]): Promise<void> {
    try {
      const answers = await this.#ask(batch);
      for (const [i, member] of batch.entries()) member.resolve(answers[i] as T);
    } catch (error) {
      if (batch.length === 1 || !isRefusal(error)) {
        for (const member of batch) member.reject(error);
        return;
      }
      const middle = batch.length >> 1;
      // One after the other, so that they keep the order in which they were asked for.
      await this.#post(batch.slice(0, middle));
      await this.#post(batch.slice(middle));
    }
  }

  async #ask(batch: readonly Pending<T>[]): Promise<readonly T[]> {
    const texts = batch.map((member) => member.text);
    const answers = await this.#parts.send(
      texts.length === 1 ? `${texts[0]}` : `[${texts.join(',')}]`,
    );
    if (answers.length === batch.length) return answers;
    throw new TaskbellError('E_INTERNAL', `The daemon did not give ${batch.length} answers.`);
  }

  /** Pieces that the daemon takes at once, in order. */
  #cut(pending: readonly Pending<T>[]): readonly Pending<T>[][] {
    const { maxCount } = this.#parts;
    const batches: Pending<T>[][] = [];
    let batch: Pending<T>[] = [];
    let bytes = 0;
    for (const member of pending) {
      const full = batch.length >= maxCount || bytes + member.bytes + 2 > MAX_BATCH_BYTES;
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
}

/** The daemon looked at the request and said no; nothing of it was accepted. */
function isRefusal(error: unknown): boolean {
  return error instanceof TaskbellError && ERROR_CODES[error.code].status < 500;
}

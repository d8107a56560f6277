/**
 * Events on their way to a `for await` loop.
 *
 * Bounded: a reader that falls behind further ends with an error that says where to go on, because the log
 * keeps what memory should not.
 */
import { EventsError } from './events-error.ts';

interface Reader<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_WAITING = 10_000;

export class EventQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #onReturn: (queue: EventQueue<T>) => void;
  readonly #waiting: T[] = [];
  readonly #readers: Reader<T>[] = [];
  #end: { error?: Error } | undefined;

  constructor(onReturn: (queue: EventQueue<T>) => void) {
    this.#onReturn = onReturn;
  }

  push(item: T): void {
    if (this.#end !== undefined) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) reader.resolve({ done: false, value: item });
    else if (this.#waiting.push(item) > MAX_WAITING) {
      this.#waiting.length = 0;
      const message = `A loop fell more than ${MAX_WAITING} events behind.`;
      this.end(new EventsError('E_UNAVAILABLE', message, 'Attach again, since what it took.'));
    }
  }

  /** What waits already is still delivered before the end. */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    for (const reader of this.#readers.splice(0)) this.#finish(reader);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#waiting.length > 0) resolve({ done: false, value: this.#waiting.shift() as T });
      else if (this.#end === undefined) this.#readers.push(reader);
      else this.#finish(reader);
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#waiting.length = 0;
    this.end();
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** An error is told once; whoever asks again gets the plain end, as iterators do. */
  #finish({ resolve, reject }: Reader<T>): void {
    const error = this.#end?.error;
    this.#end = {};
    if (error === undefined) resolve({ done: true, value: undefined });
    else reject(error);
  }
}

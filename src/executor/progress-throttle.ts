/**
 * Lets the latest of many progress values through, at most one an interval. Holds one timer while a
 * value waits, none otherwise.
 */
import type { JobProgress } from '../protocol/jobs.ts';

const PROGRESS_INTERVAL_MS = 250;

export class ProgressThrottle {
  readonly #send: (value: JobProgress) => void;
  readonly #nowMono: () => number;
  #lastSentMono = Number.NEGATIVE_INFINITY;
  #waiting: JobProgress | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(send: (value: JobProgress) => void, nowMono: () => number) {
    this.#send = send;
    this.#nowMono = nowMono;
  }

  push(value: JobProgress): void {
    this.#waiting = value;
    if (this.#timer !== null) return;
    const waitMs = this.#lastSentMono + PROGRESS_INTERVAL_MS - this.#nowMono();
    if (waitMs <= 0) this.flush();
    else this.#timer = setTimeout(() => this.flush(), waitMs);
  }

  /** Sends what waits, now. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiting === null) return;
    const value = this.#waiting;
    this.#waiting = null;
    this.#lastSentMono = this.#nowMono();
    this.#send(value);
  }
}

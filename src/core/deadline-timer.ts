/**
 * One timer for the nearest of all deadlines on the wall clock; none while there is none. Knows nothing of
 * what comes due.
 */

/** Looked at again at least so often: a timer counts monotonic time, a deadline is on the wall clock. */
const LONGEST_SLEEP_MS = 60_000;

export interface DeadlineTimerParts {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** It is time, or the sleep was long enough to look again. Whoever wants to be woken again says so. */
  readonly onWake: () => void;
}

export class DeadlineTimer {
  readonly #parts: DeadlineTimerParts;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(parts: DeadlineTimerParts) {
    this.#parts = parts;
  }

  /** Something is due at this time: sleep no longer than that. */
  expect(at: number): void {
    if (this.#stopped || at >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = at;
    const sleepMs = Math.min(Math.max(0, at - this.#parts.now()), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#parts.onWake();
    }, sleepMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

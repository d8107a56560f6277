/** A signal that aborts after a time of any length. `AbortSignal.timeout` aborts at once beyond 24.8 days, and throws beyond 49.7. */

/** What a timer of Node can hold; a longer one fires at once. */
const MAX_TIMER_MS = 2_147_483_647;

export class TimeLimit {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.#arm(Math.max(0, ms));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Nothing aborts any more, and nothing is held. */
  clear(): void {
    clearTimeout(this.#timer);
  }

  #arm(leftMs: number): void {
    const partMs = Math.min(leftMs, MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      if (leftMs > partMs) this.#arm(leftMs - partMs);
      else this.#controller.abort(new DOMException('The time is over.', 'TimeoutError'));
    }, partMs);
    this.#timer.unref();
  }
}

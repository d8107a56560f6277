/** So many at once, the others in the order in which they asked. */

export class Turns {
  readonly #atOnce: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Rejects with the signal's reason when it aborts before it was this one's turn. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#come(signal);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  async #come(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.#waiting.add(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** The place goes to the next one, without being free in between. */
  #next(): void {
    const [enter] = this.#waiting;
    if (enter === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(enter);
    enter();
  }
}

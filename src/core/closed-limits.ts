/**
 * The limits that have no room as far as this core knows: told by the answers of claims, open again when
 * an attempt under them ends, or when their next token is due. A limit that is wrongly taken for open costs
 * one claim in vain; one that is wrongly taken for closed would hold its jobs, so whatever is in doubt opens.
 */
import { TurnHeap } from './turn-heap.ts';

export class ClosedLimits {
  /** Until when; null: until an attempt ends. */
  readonly #closed = new Map<string, number | null>();
  readonly #times = new TurnHeap<string>();
  #lastNow = 0;
  #closings = 0;

  has(key: string): boolean {
    return this.#closed.has(key);
  }

  get size(): number {
    return this.#closed.size;
  }

  close(key: string, until: number | null): void {
    if (this.#closed.get(key) === until) return;
    this.#closed.set(key, until);
    this.#closings += 1;
    if (until !== null) this.#times.push({ turn: until, order: this.#closings, value: key });
  }

  /**
   * An attempt under the key has ended.
   * @returns true when the limit is open now and was not
   */
  release(key: string): boolean {
    return this.#closed.get(key) === null && this.#closed.delete(key);
  }

  /** @returns the keys that open at this time */
  openDue(now: number): readonly string[] {
    const wentBack = now < this.#lastNow;
    this.#lastNow = now;
    // The times were told by a clock that is no more.
    if (wentBack) return this.openAll();
    const opened: string[] = [];
    for (let next = this.#next(); next !== undefined && next.turn <= now; next = this.#next()) {
      this.#closed.delete(next.value);
      opened.push(next.value);
    }
    return opened;
  }

  openAll(): readonly string[] {
    const keys = [...this.#closed.keys()];
    this.#closed.clear();
    return keys;
  }

  /** Epoch milliseconds of the next token of any of them; null when none waits for one. */
  nextTime(): number | null {
    return this.#next()?.turn ?? null;
  }

  #next() {
    let next = this.#times.peek();
    while (next !== undefined && this.#closed.get(next.value) !== next.turn) {
      this.#times.pop();
      next = this.#times.peek();
    }
    return next;
  }
}

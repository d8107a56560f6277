/**
 * Tells followers where they stand that the log passes by: at most once a second each, and only while it moves.
 *
 * One timer for all of them, armed by the first that has something to be told. Knows no positions.
 */

/** A resume after a lost connection reads again what was appended in this time. */
const EVERY_MS = 1_000;

export interface Heard {
  /** Sends the position, unless the other end knows it. */
  tellPosition(): void;
}

export class FollowerHeartbeat {
  readonly #everyMs: number;
  readonly #due = new Set<Heard>();
  #timer: NodeJS.Timeout | undefined;

  /** @param everyMs shorter only in tests */
  constructor(everyMs = EVERY_MS) {
    this.#everyMs = everyMs;
  }

  /** Rows went by of which this one got nothing: told within the interval. */
  owe(follower: Heard): void {
    this.#due.add(follower);
    this.#timer ??= setTimeout(() => this.#beat(), this.#everyMs).unref();
  }

  forget(follower: Heard): void {
    this.#due.delete(follower);
    if (this.#due.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    this.#timer = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const follower of due) follower.tellPosition();
  }
}

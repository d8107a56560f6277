/**
 * Which event types the core is asked for: those that somebody is attached to, or is about to be.
 *
 *   not followed ─attach▶ asked ─confirmed▶ followed ─last one left, and a while later▶ not followed
 *
 * A type is let go of with the next change, or after 10 s: who reloads a page comes back at once. Knows
 * neither users nor ids; which clients get an event is the subscription index's part.
 */
import type { Topic } from '../protocol/events.ts';

export interface AttachedTypes {
  hasType(type: string): boolean;
  /** Calls back when the last subscriber of a type has left. */
  onTypeLeft(listener: () => void): void;
}

/** Asks for these and nothing else. Resolves when that counts: what is published from then on comes. */
export type Follow = (topics: readonly Topic[]) => Promise<void>;

const LET_GO_AFTER_MS = 10_000;

export class FollowedTypes {
  readonly #attached: AttachedTypes;
  readonly #follow: Follow;
  readonly #letGoAfterMs: number;
  /** What was asked for last, each with the moment from which it counts. */
  readonly #asked = new Map<string, Promise<void>>();
  /** How many are about to attach to a type: it stays until they have. */
  readonly #awaited = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param letGoAfterMs shorter only in tests */
  constructor(attached: AttachedTypes, follow: Follow, letGoAfterMs = LET_GO_AFTER_MS) {
    this.#attached = attached;
    this.#follow = follow;
    this.#letGoAfterMs = letGoAfterMs;
    attached.onTypeLeft(() => this.#arm());
  }

  /** Calls `attach` at a moment from which on all events of the types come; in the same turn where they are followed. */
  async whenFollowed(types: readonly string[], attach: () => void): Promise<void> {
    for (const type of types) this.#await(type, 1);
    try {
      await Promise.all(types.map((type) => this.#asked.get(type) ?? this.#ask(type)));
      attach();
    } finally {
      for (const type of types) this.#await(type, -1);
      if (!types.every((type) => this.#isNeeded(type))) this.#arm();
    }
  }

  /** Lets the timer go; what is followed stays as it is. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #ask(type: string): Promise<void> {
    this.#forgetUnneeded();
    const counts = this.#follow([...this.#asked.keys(), type].map(wholeType));
    this.#asked.set(type, counts);
    return counts;
  }

  #await(type: string, change: 1 | -1): void {
    const count = (this.#awaited.get(type) ?? 0) + change;
    if (count === 0) this.#awaited.delete(type);
    else this.#awaited.set(type, count);
  }

  #isNeeded(type: string): boolean {
    return this.#awaited.has(type) || this.#attached.hasType(type);
  }

  /** True when there was something to forget. */
  #forgetUnneeded(): boolean {
    const unneeded = [...this.#asked.keys()].filter((type) => !this.#isNeeded(type));
    for (const type of unneeded) this.#asked.delete(type);
    return unneeded.length > 0;
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#forgetUnneeded()) void this.#follow([...this.#asked.keys()].map(wholeType));
    }, this.#letGoAfterMs).unref();
  }
}

function wholeType(type: string): Topic {
  return { type, id: '*' };
}

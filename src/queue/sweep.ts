/**
 * Which ended jobs of one state go, as a walk in the order of their ids meets them. Pure but for what it has seen.
 *
 * Jobs end nearly in the order of their ids. One that was scheduled long before it ran stands far ahead of its
 * time: it is held in a window, from which the oldest end goes first.
 */

export interface EndedJob {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly endedAt: number;
}

export interface SweepRules {
  /** What ended before goes; null: whatever its age, it stays. */
  readonly before: number | null;
  /** So many of those that ended first go, whatever their age. */
  readonly excess: number;
  /** Trusts no order: looks at all of them. */
  readonly full: boolean;
}

/** Jobs out of order that are seen through; so many in a row that stay end a sweep that is not full. */
export const SWEEP_WINDOW = 1_000;

export class Sweep {
  readonly #rules: SweepRules;
  #excess: number;
  #window: readonly EndedJob[] = [];
  #stayedInARow = 0;
  #oldestKept: number | null = null;
  #hasKept = false;

  constructor(rules: SweepRules) {
    this.#rules = rules;
    this.#excess = rules.excess;
  }

  /** @returns the ids that go */
  take(jobs: readonly EndedJob[]): readonly string[] {
    const { before } = this.#rules;
    const isDue = ({ endedAt }: EndedJob) => before !== null && endedAt < before;
    const due = jobs.filter(isDue);
    this.#excess = Math.max(0, this.#excess - due.length);
    const others = jobs.filter((job) => !isDue(job));
    this.#hasKept ||= others.length > 0;
    const surplus = this.#takeSurplus(others, SWEEP_WINDOW);
    const going = [...due, ...surplus].map(({ id }) => id);
    this.#stayedInARow = going.length > 0 ? 0 : this.#stayedInARow + jobs.length;
    return going;
  }

  /** The walk is at its end. @returns the ids that go now that nothing older can come */
  finish(): readonly string[] {
    const surplus = this.#takeSurplus([], 0);
    this.#keep(this.#window);
    this.#window = [];
    return surplus.map(({ id }) => id);
  }

  /** Nothing more is expected to go. */
  get isDone(): boolean {
    return !this.#rules.full && this.#excess === 0 && this.#stayedInARow >= SWEEP_WINDOW;
  }

  /** Of those that stay; null where none was seen. */
  get oldestKept(): number | null {
    return this.#oldestKept;
  }

  /** Some were met that did not go for their age. */
  get hasKept(): boolean {
    return this.#hasKept;
  }

  #takeSurplus(jobs: readonly EndedJob[], held: number): readonly EndedJob[] {
    if (this.#excess === 0 && this.#window.length === 0) {
      this.#keep(jobs);
      return [];
    }
    const byEnd = [...this.#window, ...jobs].sort((a, b) => a.endedAt - b.endedAt);
    const count = Math.min(this.#excess, Math.max(0, byEnd.length - held));
    this.#excess -= count;
    const rest = byEnd.slice(count);
    this.#window = this.#excess === 0 ? [] : rest;
    if (this.#excess === 0) this.#keep(rest);
    return byEnd.slice(0, count);
  }

  #keep(jobs: readonly EndedJob[]): void {
    for (const { endedAt } of jobs) {
      this.#oldestKept = Math.min(this.#oldestKept ?? endedAt, endedAt);
    }
  }
}

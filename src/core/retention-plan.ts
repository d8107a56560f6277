/** What everything that is kept for a time has in common: its bounds, when it is looked at, and how gently. */

import type { Slice } from '../protocol/slices.ts';

export interface RetentionBounds {
  /** Milliseconds; 0: for ever. */
  readonly ageMs: number;
  /** 0: any. */
  readonly count: number;
}

export interface RetentionTools {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds that only go up. */
  readonly nowMono: () => number;
  /** How long what is removed in one transaction may take. */
  readonly slice: Slice;
  /** Lets everybody else have their turn after work that took so long; throws when there is to be no more. */
  readonly rest: (tookMs: number) => Promise<void>;
}

/** One thing that is kept for a time. */
export interface RetentionPlan {
  /** When it wants to run (epoch ms); infinite while nothing can come due. */
  readonly dueAt: number;
  run(): Promise<void>;
  /** It failed: not before this time. */
  postpone(until: number): void;
}

/** How late something may go: a thousandth of its age, from a tenth of a second to a minute. */
export function grainMs(ageMs: number): number {
  return Math.min(Math.max(ageMs / 1_000, 100), 60_000);
}

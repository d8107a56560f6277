/**
 * When the ended jobs of one state are swept, and the sweep itself: a few at a time, with everybody else's turn in
 * between. Which of them go is decided in queue/sweep.ts.
 */
import type { FinishedState, JobStore } from '../queue/job-store.ts';
import { Sweep } from '../queue/sweep.ts';
import { nextSize, type PaceBounds } from './pace.ts';
import {
  grainMs,
  type RetentionBounds,
  type RetentionPlan,
  type RetentionTools,
} from './retention-plan.ts';

/** Reads hold up others as well. */
const LOOK: PaceBounds = { least: 20, most: 2_000, targetMs: 3 };
/** More are not named in one call, however fast they go. */
const MOST_AT_ONCE = 500;

/** New ends are counted at most so often. */
const COUNT_EVERY_MS = 1_000;
const HOUR_MS = 3_600_000;

export interface JobRetentionParts extends RetentionTools {
  readonly store: Pick<JobStore, 'endedAfter' | 'removeEnded' | 'kept'>;
  readonly state: FinishedState;
  readonly bounds: RetentionBounds;
}

export class JobRetention implements RetentionPlan {
  readonly #parts: JobRetentionParts;
  dueAt: number;
  /** When the sweep begins at the start again, and goes through all of them, in whatever order they ended. */
  #fullAt: number;
  /** Where the next sweep begins that trusts the order. */
  #from: string | null = null;
  /** Some were due and could not go, because unfinished jobs depend on them. */
  #leftOver = false;

  constructor(parts: JobRetentionParts) {
    this.#parts = parts;
    const { ageMs, count } = parts.bounds;
    const bounded = ageMs > 0 || count > 0;
    this.dueAt = bounded ? parts.now() : Number.POSITIVE_INFINITY;
    this.#fullAt = this.dueAt;
  }

  /** A job has ended. */
  noteEnd(now: number): void {
    const { ageMs, count } = this.#parts.bounds;
    if (count > 0) this.#expect(now + COUNT_EVERY_MS);
    if (ageMs > 0) this.#expect(now + ageMs);
    if (ageMs > 0 || count > 0) this.#fullAt = Math.min(this.#fullAt, now + fullEveryMs(ageMs));
    this.#expect(this.#fullAt);
    if (this.#leftOver) this.#expect(now + grainMs(ageMs));
  }

  postpone(until: number): void {
    this.dueAt = until;
  }

  async run(): Promise<void> {
    const { store, state, bounds, now } = this.#parts;
    const { ageMs, count } = bounds;
    const at = now();
    // What ends from here on says so by itself.
    this.dueAt = Number.POSITIVE_INFINITY;
    const excess = count > 0 ? Math.max(0, (await store.kept())[state] - count) : 0;
    const full = at >= this.#fullAt;
    if (full) this.#fullAt = Number.POSITIVE_INFINITY;
    const before = ageMs > 0 ? at - ageMs + 1 : null;
    const sweep = new Sweep({ before, excess, full: full && ageMs > 0 });
    const from = full || this.#leftOver ? null : this.#from;
    this.#leftOver = false;
    await this.#walk(sweep, from);
    if (ageMs > 0 && sweep.oldestKept !== null) {
      this.#expect(Math.max(sweep.oldestKept + ageMs, now() + grainMs(ageMs)));
    }
    this.#expect(this.#fullAt);
  }

  async #walk(sweep: Sweep, from: string | null): Promise<void> {
    const { store, state, nowMono, rest } = this.#parts;
    let limit = LOOK.least;
    for (let after = from; ; ) {
      const startedMono = nowMono();
      const page = await store.endedAfter({ state, after, limit });
      const tookMs = nowMono() - startedMono;
      limit = nextSize(limit, tookMs, LOOK);
      const isFirst = !sweep.hasKept;
      await this.#remove(sweep.take(page.ended));
      if (isFirst && sweep.hasKept) this.#from = after;
      if (page.next === null || sweep.isDone) break;
      after = page.next;
      await rest(tookMs);
    }
    await this.#remove(sweep.finish());
  }

  async #remove(ids: readonly string[]): Promise<void> {
    const { store, slice, nowMono, rest } = this.#parts;
    for (let start = 0; start < ids.length; ) {
      const some = ids.slice(start, start + MOST_AT_ONCE);
      const startedMono = nowMono();
      const { looked, removed } = await store.removeEnded(some, slice);
      if (removed < looked) this.#leftOver = true;
      start += looked;
      await rest(nowMono() - startedMono);
    }
  }

  #expect(at: number): void {
    this.dueAt = Math.min(this.dueAt, at);
  }
}

/** Jobs far out of order wait for this, beyond their age. */
function fullEveryMs(ageMs: number): number {
  return Math.min(Math.max(ageMs / 10, HOUR_MS), 24 * HOUR_MS);
}

/**
 * Wakes when the next scheduled or retrying job is due: one timer, and none while nothing waits.
 */
import type { Lane } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';

/** Looked at again at least so often: a timer counts monotonic time, a due time is on the wall clock. */
const LONGEST_SLEEP_MS = 60_000;
const PROMOTE_AT_ONCE = 1_000;

export interface DueClockParts {
  readonly store: JobStore;
  readonly now: () => number;
  /** Lanes that got something. */
  readonly onDue: (lanes: readonly Lane[]) => void;
  readonly onFailure: (error: unknown) => void;
}

export class DueClock {
  readonly #parts: DueClockParts;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(parts: DueClockParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const next = await this.#parts.store.nextDue();
    if (next !== null) this.expect(next);
  }

  /** Something is due at this time (epoch ms): sleep no longer than that. */
  expect(at: number): void {
    if (this.#stopped || at >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = at;
    const sleepMs = Math.min(Math.max(0, at - this.#parts.now()), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => this.#wake(), sleepMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wake(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#promote().catch((error: unknown) => {
      this.#parts.onFailure(error);
      this.expect(this.#parts.now() + 1_000);
    });
  }

  async #promote(): Promise<void> {
    const { store, now, onDue } = this.#parts;
    const lanes = await store.promote(now(), PROMOTE_AT_ONCE);
    if (lanes.length > 0) onDue(lanes);
    const next = await store.nextDue();
    if (next !== null) this.expect(next);
  }
}

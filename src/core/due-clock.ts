/**
 * Wakes when the next scheduled or retrying job is due: one timer, and none while nothing waits.
 */
import type { Lane } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';
import { DeadlineTimer } from './deadline-timer.ts';

const PROMOTE_AT_ONCE = 1_000;
const AGAIN_AFTER_FAILURE_MS = 1_000;

export interface DueClockParts {
  readonly store: JobStore;
  readonly now: () => number;
  /** Lanes that got something. */
  readonly onDue: (lanes: readonly Lane[]) => void;
  readonly onFailure: (error: unknown) => void;
}

export class DueClock {
  readonly #parts: DueClockParts;
  readonly #timer: DeadlineTimer;

  constructor(parts: DueClockParts) {
    this.#parts = parts;
    this.#timer = new DeadlineTimer({ now: parts.now, onWake: () => this.#wake() });
  }

  async start(): Promise<void> {
    const next = await this.#parts.store.nextDue();
    if (next !== null) this.expect(next);
  }

  /** Something is due at this time (epoch ms): sleep no longer than that. */
  expect(at: number): void {
    this.#timer.expect(at);
  }

  stop(): void {
    this.#timer.stop();
  }

  #wake(): void {
    this.#promote().catch((error: unknown) => {
      this.#parts.onFailure(error);
      this.expect(this.#parts.now() + AGAIN_AFTER_FAILURE_MS);
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

/**
 * Ends that nobody but the core can tell of, such as those of a dead executor's attempts: recorded, and
 * tried again until they are.
 */
import type { Ended, Settlement } from './settlement.ts';

const AGAIN_MS = 1_000;

export class EndRecorder {
  readonly #settlement: Settlement;
  readonly #onFailure: (error: unknown) => void;
  readonly #waiting = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(settlement: Settlement, onFailure: (error: unknown) => void) {
    this.#settlement = settlement;
    this.#onFailure = onFailure;
  }

  record(ended: readonly Ended[]): void {
    this.#settlement.settle(ended).catch((error: unknown) => {
      this.#onFailure(error);
      this.recordLater(ended);
    });
  }

  recordLater(ended: readonly Ended[]): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      this.record(ended);
    }, AGAIN_MS);
    this.#waiting.add(timer);
  }

  /** What was not recorded by now, the next core finds still running. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#waiting) clearTimeout(timer);
  }
}

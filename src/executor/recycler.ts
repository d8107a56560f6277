/**
 * Asks for a successor of this process when it has worked enough. Looks only when an attempt ends: a
 * process that does nothing does not wear, and is not woken for it.
 */
import type { WorkerSettings } from '../config/settings.ts';
import { decideRecycling } from './recycling-policy.ts';

export interface RecyclerParts {
  readonly limits: Pick<WorkerSettings, 'maxJobs' | 'maxMemory'>;
  readonly nowMono: () => number;
  readonly residentBytes: () => number;
  readonly ask: (reason: string) => void;
}

/** Measuring reads a file of the system: not after each of thousands of jobs. */
const MEASURE_EVERY_MS = 1_000;
/** After a successor that did not work. */
const ASK_AGAIN_MS = 60_000;

export class Recycler {
  readonly #parts: RecyclerParts;
  #measuredMono = Number.NEGATIVE_INFINITY;
  #askedMono = Number.NEGATIVE_INFINITY;

  constructor(parts: RecyclerParts) {
    this.#parts = parts;
  }

  /** @param attempts that this process has run so far */
  note(attempts: number): void {
    const { limits, nowMono, ask } = this.#parts;
    if (limits.maxJobs === 0 && limits.maxMemory === 0) return;
    const atMono = nowMono();
    if (atMono - this.#askedMono < ASK_AGAIN_MS) return;
    const reason = decideRecycling({ attempts, residentBytes: this.#measure(atMono) }, limits);
    if (reason === null) return;
    this.#askedMono = atMono;
    ask(reason);
  }

  #measure(atMono: number): number {
    const { limits, residentBytes } = this.#parts;
    const due = atMono - this.#measuredMono >= MEASURE_EVERY_MS;
    if (limits.maxMemory === 0 || !due) return 0;
    this.#measuredMono = atMono;
    return residentBytes();
  }
}

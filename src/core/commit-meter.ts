/** How many transactions were committed, how much went into each, and how long each took, since this core woke. */
import { type BucketCounts, BucketHistogram } from './bucket-histogram.ts';

export interface CommitFigures {
  /** Requests that shared them. */
  readonly writes: number;
  /** Seconds, from the begin to the answer of the disk. */
  readonly durations: BucketCounts;
}

const DURATIONS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

export class CommitMeter {
  readonly #durations = new BucketHistogram(DURATIONS);
  #writes = 0;

  note(writes: number, durationMs: number): void {
    this.#writes += writes;
    this.#durations.add(durationMs / 1_000);
  }

  read(): CommitFigures {
    return { writes: this.#writes, durations: this.#durations.read() };
  }
}

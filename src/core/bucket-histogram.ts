/** Counts by upper bounds that are chosen once: what Prometheus calls a histogram. Costs one search and three sums. */

export interface BucketCounts {
  /** Each holds all that is not above its bound; the last bound is infinite. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
  readonly sum: number;
  readonly count: number;
}

export class BucketHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds ascending, without the infinite one */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    let place = 0;
    while (place < this.#bounds.length && value > (this.#bounds[place] ?? 0)) place += 1;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sum += value;
  }

  read(): BucketCounts {
    let count = 0;
    const buckets = [...this.#counts].map((own, place) => {
      count += own;
      return { upTo: this.#bounds[place] ?? Number.POSITIVE_INFINITY, count };
    });
    return { buckets, sum: this.#sum, count };
  }
}

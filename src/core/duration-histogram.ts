/** Durations in steps of a fifth of their size: a quantile is off by 10 % at the most, and costs 1 KiB however many there are. */

const STEP = Math.log(1.2);
/** Anything shorter counts as this. */
const LEAST_MS = 0.01;
/** The last step is a year and above. */
const STEPS = 193;

export class DurationHistogram {
  readonly #counts = new Float64Array(STEPS);
  #total = 0;

  static sum(all: readonly DurationHistogram[]): DurationHistogram {
    const sum = new DurationHistogram();
    for (const one of all) {
      for (const [step, count] of one.#counts.entries()) {
        sum.#counts[step] = (sum.#counts[step] ?? 0) + count;
      }
      sum.#total += one.#total;
    }
    return sum;
  }

  add(durationMs: number): void {
    const step = Math.floor(Math.log(Math.max(LEAST_MS, durationMs) / LEAST_MS) / STEP);
    const place = Math.min(STEPS - 1, step);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#total += 1;
  }

  /** @returns milliseconds to three digits; null where nothing was added */
  quantile(share: number): number | null {
    if (this.#total === 0) return null;
    let left = Math.max(1, Math.ceil(this.#total * share));
    let step = 0;
    for (const [place, count] of this.#counts.entries()) {
      step = place;
      left -= count;
      if (left <= 0) break;
    }
    return Number((LEAST_MS * Math.exp((step + 0.5) * STEP)).toPrecision(3));
  }
}

/** Medians and percentiles. Pure. */

export function median(values) {
  return percentile(values, 0.5);
}

/** By linear interpolation between the two nearest ranks; NaN of nothing. */
export function percentile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (sorted.length - 1) * share;
  const low = sorted[Math.floor(rank)];
  const high = sorted[Math.ceil(rank)];
  return low + (high - low) * (rank - Math.floor(rank));
}

/** The measurement of several runs: of each figure the median. */
export function medianOfRuns(runs) {
  const names = new Set(runs.flatMap((run) => Object.keys(run)));
  return Object.fromEntries(
    [...names].map((name) => [name, median(runs.map((run) => run[name]).filter(Number.isFinite))]),
  );
}

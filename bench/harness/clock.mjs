/** The machine's monotonic clock, the same in every process (CLOCK_MONOTONIC). */

export function monotonicMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

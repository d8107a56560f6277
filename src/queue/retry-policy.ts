/**
 * When a failed job runs again. Pure: the caller supplies the random draw.
 */

export interface RetryPolicy {
  /** Further attempts after the first failed one. */
  readonly retries: number;
  readonly backoffMs: number;
  readonly backoffLimitMs: number;
}

/** Fraction of a delay to spread it by: anywhere within ±10 %. */
const JITTER = 0.1;

/**
 * Doubles with each failure, up to the limit.
 * @param failures charged failures so far, this one included: 1 for the first
 * @param random a draw from [0, 1)
 * @returns milliseconds
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number): number {
  // Cap first, jitter second: the other way round, all jobs at the cap would wake together.
  // The exponent is bounded because 0 * Infinity is no number.
  const doubled = policy.backoffMs * 2 ** Math.min(failures - 1, 64);
  const capped = Math.min(doubled, policy.backoffLimitMs);
  return Math.round(capped + capped * JITTER * (2 * random - 1));
}

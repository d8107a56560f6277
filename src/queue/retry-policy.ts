/**
 * When a failed job runs again. Pure: the caller supplies the random draw.
 */
import { MAX_RETRY_AFTER_MS } from '../protocol/execute.ts';
import type { BackoffKind } from '../protocol/jobs.ts';
import type { NewJob } from './job.ts';

export interface RetryPolicy {
  /** Further attempts after the first failed one. */
  readonly retries: number;
  readonly backoffKind: BackoffKind;
  readonly backoffMs: number;
  readonly backoffLimitMs: number;
}

/** @returns the type's policy with what the job itself says in place of it */
export function overridePolicy(policy: RetryPolicy, own: OwnPolicy): RetryPolicy {
  const { retries, backoff } = own;
  return {
    retries: retries ?? policy.retries,
    backoffKind: backoff?.kind ?? policy.backoffKind,
    backoffMs: backoff?.delayMs ?? policy.backoffMs,
    backoffLimitMs: backoff?.limitMs ?? policy.backoffLimitMs,
  };
}

type OwnPolicy = Pick<NewJob, 'retries' | 'backoff'>;

/** Fraction of a delay to spread it by: anywhere within ±10 %. */
const JITTER = 0.1;

/**
 * Grows with each failure as the policy's kind says, up to the limit, and to a year whatever a handler says: what
 * lies beyond the last day of a calendar cannot even be shown.
 * @param failures charged failures so far, this one included: 1 for the first
 * @param random a draw from [0, 1)
 * @returns milliseconds
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number): number {
  // Cap first, jitter second: the other way round, all jobs at the cap would wake together.
  const capped = Math.min(
    policy.backoffMs * growth(policy.backoffKind, failures),
    policy.backoffLimitMs,
    MAX_RETRY_AFTER_MS,
  );
  return Math.round(capped + capped * JITTER * (2 * random - 1));
}

function growth(kind: BackoffKind, failures: number): number {
  switch (kind) {
    case 'exponential':
      // Bounded because 0 * Infinity is no number.
      return 2 ** Math.min(failures - 1, 64);
    case 'linear':
      return failures;
    case 'fixed':
      return 1;
  }
}

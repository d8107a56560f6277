/**
 * What a job type's settings come to: configuration wins over the handler's own word, which wins
 * over the defaults. Pure.
 */
import type { TypeSettings } from '../protocol/execute.ts';
import type { BackoffKind } from '../protocol/jobs.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** The part of a `[job:NAME]` section that matters here; null: silent. */
export interface ConfiguredType {
  readonly queue: string | null;
  readonly concurrency: number | null;
  readonly groupConcurrency: number | null;
  readonly rate: RateLimit | null;
  readonly groupRate: RateLimit | null;
  readonly timeout: number | null;
  readonly retries: number | null;
  readonly backoff: number | null;
  readonly backoffLimit: number | null;
  readonly backoffKind: BackoffKind | null;
}

/** A token bucket that holds `count` and gets as many back in `perMs`, evenly: see token-bucket.ts. */
export interface RateLimit {
  readonly count: number;
  readonly perMs: number;
}

/** What holds of a queue, of a type, or of a group of either; null: no bound. */
export interface Limits {
  /** Attempts at once. */
  readonly concurrency: number | null;
  readonly rate: RateLimit | null;
  readonly groupConcurrency: number | null;
  readonly groupRate: RateLimit | null;
}

export interface TypePolicy extends RetryPolicy, Limits {
  readonly queue: string;
  /** Time limit of an attempt in milliseconds; 0: none. */
  readonly timeoutMs: number;
}

export const DEFAULT_POLICY: TypePolicy = {
  queue: 'default',
  retries: 3,
  backoffMs: 1_000,
  backoffLimitMs: 15 * 60_000,
  timeoutMs: 0,
  backoffKind: 'exponential',
  concurrency: null,
  rate: null,
  groupConcurrency: null,
  groupRate: null,
};

export function resolvePolicy(
  configured: ConfiguredType | undefined,
  stated: TypeSettings | undefined,
): TypePolicy {
  return {
    queue: configured?.queue ?? stated?.queue ?? DEFAULT_POLICY.queue,
    retries: configured?.retries ?? stated?.retries ?? DEFAULT_POLICY.retries,
    backoffMs: configured?.backoff ?? stated?.backoffMs ?? DEFAULT_POLICY.backoffMs,
    backoffLimitMs:
      configured?.backoffLimit ?? stated?.backoffLimitMs ?? DEFAULT_POLICY.backoffLimitMs,
    timeoutMs: configured?.timeout ?? stated?.timeoutMs ?? DEFAULT_POLICY.timeoutMs,
    backoffKind: configured?.backoffKind ?? stated?.backoffKind ?? DEFAULT_POLICY.backoffKind,
    concurrency: configured?.concurrency ?? stated?.concurrency ?? DEFAULT_POLICY.concurrency,
    rate: configured?.rate ?? DEFAULT_POLICY.rate,
    groupConcurrency:
      configured?.groupConcurrency ?? stated?.groupConcurrency ?? DEFAULT_POLICY.groupConcurrency,
    groupRate: configured?.groupRate ?? DEFAULT_POLICY.groupRate,
  };
}

/**
 * What a job type's settings come to: configuration wins over the handler's own word, which wins
 * over the defaults. Pure.
 */
import type { TypeSettings } from '../protocol/execute.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** The part of a `[job:NAME]` section that matters here; null: silent. */
export interface ConfiguredType {
  readonly queue: string | null;
  readonly concurrency: number | null;
  readonly timeout: number | null;
  readonly retries: number | null;
  readonly backoff: number | null;
  readonly backoffLimit: number | null;
}

export interface TypePolicy extends RetryPolicy {
  readonly queue: string;
  /** Time limit of an attempt in milliseconds; 0: none. */
  readonly timeoutMs: number;
  /** Attempts at once over all executors; null: no bound. */
  readonly concurrency: number | null;
}

export const DEFAULT_POLICY: TypePolicy = {
  queue: 'default',
  retries: 3,
  backoffMs: 1_000,
  backoffLimitMs: 15 * 60_000,
  timeoutMs: 0,
  concurrency: null,
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
    concurrency: configured?.concurrency ?? stated?.concurrency ?? DEFAULT_POLICY.concurrency,
  };
}

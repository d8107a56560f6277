/**
 * The one place that decides a job's next state. Pure: no clock, no randomness, no store.
 *
 *                 ┌───────── interrupted, crash (1st, 2nd) ──────────┐
 *                 ▼                                                  │
 *   scheduled → queued ─────────────── claim ───────────────────→ running ─→ succeeded
 *                 ▲  └── cancel ──┐                                 │ │ └──→ failed (reason)
 *                 │               ▼                                 │ └────→ cancelled
 *              retrying ──────→ cancelled                           │
 *                 ▲                                                 │
 *                 └───────────── failed attempt, retries left ──────┘
 *
 * A job that depends on others is `waiting` before all this: flow.ts decides what becomes of it.
 * A finished job goes back to queued only by an operator's `job retry`.
 */
import type { FailReason } from '../protocol/jobs.ts';
import type { AttemptEnd, JobRecord } from './job.ts';
import { type RetryPolicy, retryDelayMs } from './retry-policy.ts';

/** A job that killed its process so many times is quarantined, whatever its retries. */
export const MAX_CRASHES = 3;

export type Decision =
  | {
      readonly kind: 'finish';
      readonly state: 'succeeded' | 'failed' | 'cancelled';
      readonly reason: FailReason | null;
    }
  | { readonly kind: 'retry'; readonly runAt: number }
  /** Back into the queue at once. */
  | { readonly kind: 'return' };

export interface EndDecision {
  readonly next: Decision;
  readonly failures: number;
  readonly crashes: number;
}

export type Counted = Pick<JobRecord, 'failures' | 'crashes' | 'cancelRequested'>;
type Ended = Pick<AttemptEnd, 'outcome' | 'contained' | 'retryable' | 'retryAfterMs'>;

export interface Circumstances {
  readonly policy: RetryPolicy;
  readonly now: number;
  /** A draw from [0, 1). */
  readonly random: number;
}

export function decideEnd(job: Counted, end: Ended, around: Circumstances): EndDecision {
  const { failures, crashes } = countEnd(job, end);
  const counted = { failures, crashes, cancelRequested: job.cancelRequested };
  return { failures, crashes, next: decideNext(counted, end, around) };
}

function countEnd(job: Counted, end: Ended): { failures: number; crashes: number } {
  const { outcome } = end;
  // A crash that took nobody along is a failure like any other: there is no one to be told apart from.
  const own = outcome === 'crash' && end.contained === true;
  const failed = own || outcome === 'error' || outcome === 'timeout' || outcome === 'rejected';
  return {
    failures: job.failures + (failed ? 1 : 0),
    crashes: job.crashes + (outcome === 'crash' && !own ? 1 : 0),
  };
}

function decideNext(job: Counted, end: Ended, around: Circumstances): Decision {
  if (end.outcome === 'succeeded') return { kind: 'finish', state: 'succeeded', reason: null };
  // Whatever ended the attempt: somebody asked for the job to stop, so it does not start again.
  if (job.cancelRequested || end.outcome === 'cancelled') {
    return { kind: 'finish', state: 'cancelled', reason: null };
  }
  switch (end.outcome) {
    case 'interrupted':
      return { kind: 'return' };
    case 'snoozed':
      return { kind: 'retry', runAt: around.now + (end.retryAfterMs ?? 0) };
    case 'crash':
      if (end.contained === true) return decideRetry(job.failures, end, around);
      return job.crashes >= MAX_CRASHES ? failedFor('crash') : { kind: 'return' };
    case 'rejected':
      return failedFor('rejected');
    case 'error':
    case 'timeout':
      return decideRetry(job.failures, end, around);
  }
}

function decideRetry(failures: number, end: Ended, around: Circumstances): Decision {
  const { policy, now, random } = around;
  const reason = end.outcome === 'timeout' || end.outcome === 'crash' ? end.outcome : 'error';
  if (!end.retryable || policy.retries === 0) return failedFor(reason);
  if (failures > policy.retries) return failedFor('exhausted');
  const delayMs = end.retryAfterMs ?? retryDelayMs(policy, failures, random);
  return { kind: 'retry', runAt: now + delayMs };
}

function failedFor(reason: FailReason): Decision {
  return { kind: 'finish', state: 'failed', reason };
}

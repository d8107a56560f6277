import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../../src/protocol/jobs.ts';
import type { RetryPolicy } from '../../src/queue/retry-policy.ts';
import { type Decision, decideEnd, MAX_CRASHES } from '../../src/queue/transitions.ts';

const NOW = 1_000_000;
const POLICY: RetryPolicy = {
  retries: 2,
  backoffKind: 'exponential',
  backoffMs: 100,
  backoffLimitMs: 1_000,
};
const FRESH = { failures: 0, crashes: 0, cancelRequested: false };

type Job = typeof FRESH;
type Words = 'succeeded' | 'cancelled' | 'return' | `retry in ${number}` | `failed: ${string}`;

interface Case {
  readonly outcome: AttemptOutcome;
  readonly job?: Partial<Job>;
  readonly policy?: Partial<RetryPolicy>;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly contained?: boolean;
  readonly next: Words;
}

function decide({ outcome, job, policy, retryable = true, retryAfterMs, contained }: Case) {
  return decideEnd(
    { ...FRESH, ...job },
    {
      ...{ outcome, retryable, retryAfterMs: retryAfterMs ?? null },
      ...(contained === undefined ? {} : { contained }),
    },
    { policy: { ...POLICY, ...policy }, now: NOW, random: 0.5 },
  );
}

function inWords(next: Decision): Words {
  switch (next.kind) {
    case 'return':
      return 'return';
    case 'retry':
      return `retry in ${next.runAt - NOW}`;
    case 'finish':
      return next.state === 'failed' ? `failed: ${next.reason}` : next.state;
  }
}

describe('the end of an attempt that nobody asked to stop', () => {
  it.each<Case>([
    { outcome: 'succeeded', next: 'succeeded' },
    { outcome: 'succeeded', job: { failures: 2, crashes: 2 }, next: 'succeeded' },
    { outcome: 'error', next: 'retry in 100' },
    { outcome: 'error', job: { failures: 1 }, next: 'retry in 200' },
    { outcome: 'error', job: { failures: 2 }, next: 'failed: exhausted' },
    { outcome: 'error', policy: { retries: 0 }, next: 'failed: error' },
    { outcome: 'error', retryable: false, next: 'failed: error' },
    { outcome: 'error', retryable: false, job: { failures: 2 }, next: 'failed: error' },
    { outcome: 'error', retryAfterMs: 7, next: 'retry in 7' },
    { outcome: 'error', retryAfterMs: 0, next: 'retry in 0' },
    { outcome: 'error', retryAfterMs: 90_000, job: { failures: 1 }, next: 'retry in 90000' },
    { outcome: 'error', retryAfterMs: 7, job: { failures: 2 }, next: 'failed: exhausted' },
    { outcome: 'error', retryAfterMs: 7, policy: { retries: 0 }, next: 'failed: error' },
    { outcome: 'error', retryAfterMs: 7, retryable: false, next: 'failed: error' },
    { outcome: 'timeout', retryAfterMs: 7, next: 'retry in 7' },
    { outcome: 'snoozed', retryAfterMs: 7, next: 'retry in 7' },
    { outcome: 'snoozed', retryAfterMs: 7, job: { failures: 9 }, next: 'retry in 7' },
    { outcome: 'snoozed', retryAfterMs: 7, policy: { retries: 0 }, next: 'retry in 7' },
    { outcome: 'timeout', next: 'retry in 100' },
    { outcome: 'timeout', job: { failures: 2 }, next: 'failed: exhausted' },
    { outcome: 'timeout', policy: { retries: 0 }, next: 'failed: timeout' },
    { outcome: 'timeout', retryable: false, next: 'failed: timeout' },
    { outcome: 'rejected', next: 'failed: rejected' },
    { outcome: 'rejected', policy: { retries: 9 }, next: 'failed: rejected' },
    { outcome: 'cancelled', next: 'cancelled' },
    { outcome: 'interrupted', next: 'return' },
    { outcome: 'interrupted', job: { failures: 2, crashes: 2 }, next: 'return' },
    { outcome: 'interrupted', policy: { retries: 0 }, next: 'return' },
    { outcome: 'crash', next: 'return' },
    { outcome: 'crash', job: { crashes: 1 }, next: 'return' },
    { outcome: 'crash', job: { crashes: 2 }, next: 'failed: crash' },
    { outcome: 'crash', job: { crashes: 2 }, policy: { retries: 99 }, next: 'failed: crash' },
    { outcome: 'crash', policy: { retries: 0 }, next: 'return' },
  ])('$outcome (job $job, policy $policy, retryable $retryable): $next', (given) => {
    expect(inWords(decide(given).next)).toBe(given.next);
  });
});

describe('the end of an attempt whose job was asked to stop', () => {
  it.each<AttemptOutcome>([
    'error',
    'snoozed',
    'timeout',
    'rejected',
    'cancelled',
    'interrupted',
    'crash',
  ])('is a cancelled job when the attempt ends as %s', (outcome) => {
    const job = { cancelRequested: true, crashes: 2, failures: 2 };
    expect(inWords(decide({ outcome, job, next: 'cancelled' }).next)).toBe('cancelled');
  });

  it('is a success when the handler was faster', () => {
    const { next } = decide({
      outcome: 'succeeded',
      job: { cancelRequested: true },
      next: 'succeeded',
    });
    expect(inWords(next)).toBe('succeeded');
  });
});

describe('what an end is charged as', () => {
  it.each<[AttemptOutcome, number, number]>([
    ['succeeded', 0, 0],
    ['cancelled', 0, 0],
    ['interrupted', 0, 0],
    ['snoozed', 0, 0],
    ['error', 1, 0],
    ['timeout', 1, 0],
    ['rejected', 1, 0],
    ['crash', 0, 1],
  ])('%s: %i failures, %i crashes', (outcome, failures, crashes) => {
    expect(decide({ outcome, next: 'return' })).toMatchObject({ failures, crashes });
  });

  it('a crash leaves the retries alone, and a failure leaves the crashes alone', () => {
    const job = { failures: 1, crashes: 1 };
    expect(decide({ outcome: 'crash', job, next: 'return' })).toMatchObject({
      failures: 1,
      crashes: 2,
    });
    expect(decide({ outcome: 'error', job, next: 'retry in 200' })).toMatchObject({
      failures: 2,
      crashes: 1,
    });
  });
});

it('a job runs once more than its retries, each wait twice the last', () => {
  let job = FRESH;
  const story: Words[] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const decision = decide({ outcome: 'error', job, next: 'return' });
    story.push(inWords(decision.next));
    job = { ...job, failures: decision.failures };
  }
  expect(story).toEqual(['retry in 100', 'retry in 200', 'failed: exhausted']);
});

it('quarantines a job at its third crash', () => {
  expect(MAX_CRASHES).toBe(3);
});

describe('the crash of an attempt that had a process of its own', () => {
  const crash = { outcome: 'crash', contained: true } as const;

  it('is a failure of its job and no crash that could be somebody else’s', () => {
    expect(decide({ ...crash, next: 'return' })).toMatchObject({ failures: 1, crashes: 0 });
    expect(decide({ outcome: 'crash', next: 'return' })).toMatchObject({ failures: 0, crashes: 1 });
  });

  it('is retried as the policy says, and fails as a crash or as exhausted', () => {
    expect(inWords(decide({ ...crash, next: 'return' }).next)).toBe('retry in 100');
    const none = { ...crash, policy: { retries: 0 }, next: 'return' } as const;
    expect(inWords(decide(none).next)).toBe('failed: crash');
    const last = { ...crash, job: { failures: 2 }, next: 'return' } as const;
    expect(inWords(decide(last).next)).toBe('failed: exhausted');
  });
});

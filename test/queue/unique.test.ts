/** What an add comes to when its unique key is held. */
import { describe, expect, it } from 'vitest';
import { JOB_STATES, type JobState, UNIQUE_POLICIES } from '../../src/protocol/jobs.ts';
import type { NewJob, UniqueRule } from '../../src/queue/job.ts';
import {
  conflictError,
  decideUnique,
  findConflict,
  type Holder,
  KEEP_FIRST,
} from '../../src/queue/unique.ts';
import { newJob } from '../contract/job-fixture.ts';

const NOW = 1_000_000;
const NOT_STARTED = ['waiting', 'scheduled', 'queued', 'retrying'] as const;

function asked(over: Partial<UniqueRule> = {}, runAt: number | null = null) {
  return { runAt, unique: { ...KEEP_FIRST, ...over } };
}

function holder(state: JobState, over: Partial<Holder> = {}): Holder {
  return { state, createdAt: NOW - 5_000, followedSince: null, ...over };
}

const debounce = { policy: 'debounce', delayMs: 2_000 } as const;

describe('a key that nobody holds', () => {
  it.each(UNIQUE_POLICIES)('lets a job with the policy %s be added', (policy) => {
    expect(decideUnique(asked({ policy }, NOW + 9), undefined, NOW).kind).toBe('add');
  });

  it('leaves the time that the job asked for, unless it is past', () => {
    expect(decideUnique(asked({}, NOW + 9), undefined, NOW)).toEqual({
      kind: 'add',
      runAt: NOW + 9,
    });
    expect(decideUnique(asked({}, NOW), undefined, NOW)).toEqual({ kind: 'add', runAt: null });
  });

  it('has a debounced job wait from the first add on, no longer than it may', () => {
    const add = (maxWaitMs: number | null) =>
      decideUnique(asked({ ...debounce, maxWaitMs }), undefined, NOW);
    expect(add(null)).toEqual({ kind: 'add', runAt: NOW + 2_000 });
    expect(add(500)).toEqual({ kind: 'add', runAt: NOW + 500 });
  });
});

describe('a key that is held', () => {
  it.each(JOB_STATES)(
    'by a %s job keeps it under keep-first, throttle, and without a rule',
    (state) => {
      for (const policy of ['keep-first', 'throttle'] as const) {
        expect(decideUnique(asked({ policy }), holder(state), NOW)).toEqual({ kind: 'keep' });
      }
      expect(decideUnique({ runAt: null, unique: null }, holder(state), NOW).kind).toBe('keep');
    },
  );

  it.each(NOT_STARTED)('by a %s job is taken over by replace and run-again', (state) => {
    for (const policy of ['replace', 'run-again'] as const) {
      const decision = decideUnique(asked({ policy }, NOW + 7), holder(state), NOW);
      expect(decision).toEqual({ kind: 'replace', runAt: NOW + 7 });
    }
  });

  it.each(NOT_STARTED)('by a %s job is put off by debounce', (state) => {
    const decision = decideUnique(asked(debounce, NOW + 1), holder(state), NOW);
    expect(decision).toEqual({ kind: 'postpone', runAt: NOW + 2_000 });
  });

  it('is put off until the longest wait since the first add, and then no more', () => {
    const wait = (maxWaitMs: number) =>
      decideUnique(asked({ ...debounce, maxWaitMs }), holder('scheduled'), NOW);
    expect(wait(6_000)).toEqual({ kind: 'postpone', runAt: NOW + 1_000 });
    expect(wait(5_000)).toEqual({ kind: 'postpone', runAt: null });
    expect(wait(60_000)).toEqual({ kind: 'postpone', runAt: NOW + 2_000 });
  });

  it('by a running job: replace keeps it, run-again and debounce follow it', () => {
    const running = holder('running');
    expect(decideUnique(asked({ policy: 'replace' }), running, NOW)).toEqual({ kind: 'keep' });
    const again = decideUnique(asked({ policy: 'run-again' }), running, NOW);
    expect(again).toEqual({ kind: 'follow', runAt: null, since: NOW });
    const later = decideUnique(asked(debounce), running, NOW);
    expect(later).toEqual({ kind: 'follow', runAt: NOW + 2_000, since: NOW });
  });

  it.each(['running', 'retrying', 'queued'] as const)(
    'by a %s job that another add follows: the newest takes the place of the one that follows',
    (state) => {
      const followed = holder(state, { followedSince: NOW - 1_500 });
      for (const policy of ['replace', 'run-again'] as const) {
        const decision = decideUnique(asked({ policy }), followed, NOW);
        expect(decision).toEqual({ kind: 'follow', runAt: null, since: NOW - 1_500 });
      }
      const bounded = { ...debounce, maxWaitMs: 3_000 };
      expect(decideUnique(asked(bounded), followed, NOW)).toMatchObject({ runAt: NOW + 1_500 });
    },
  );

  it.each(['succeeded', 'failed', 'cancelled'] as const)(
    'by the window of a %s job is kept whatever the policy',
    (state) => {
      for (const policy of UNIQUE_POLICIES) {
        expect(decideUnique(asked({ policy }), holder(state), NOW)).toEqual({ kind: 'keep' });
      }
    },
  );
});

describe('a job that rejects', () => {
  const rejecting = (uniqueKey: string | null, over: Partial<NewJob> = {}) =>
    newJob({ uniqueKey, unique: { ...KEEP_FIRST, policy: 'reject' }, ...over });
  const held = (job: NewJob) => (job.uniqueKey === 'held' ? '7' : undefined);

  it('is in conflict with the job that holds its key, which the error names', () => {
    const conflict = findConflict([newJob(), rejecting('held')], held);
    expect(conflict?.holder).toBe('7');
    const error = conflict && conflictError(conflict);
    expect(error).toMatchObject({ code: 'E_CONFLICT' });
    expect(error?.message).toContain('held by job 7');
  });

  it('is in conflict with an earlier job of the same add, of the same type', () => {
    const jobs = [newJob({ uniqueKey: 'k' }), rejecting('k')];
    const conflict = findConflict(jobs, held);
    expect(conflict).toMatchObject({ holder: undefined });
    expect(conflict && conflictError(conflict).message).toContain(
      'another job of the same request',
    );
    expect(findConflict([newJob({ uniqueKey: 'k' }), rejecting('k', { type: 'x' })], held)).toBe(
      undefined,
    );
  });

  it('is in no conflict when its key is free, and other policies never are', () => {
    expect(findConflict([rejecting('free'), rejecting(null)], held)).toBeUndefined();
    expect(findConflict([newJob({ uniqueKey: 'held' })], held)).toBeUndefined();
  });
});

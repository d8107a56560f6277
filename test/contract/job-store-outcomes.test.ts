/** Ends that the handler chose itself: a pause of its own, a snooze, a cancelled job. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  claimOne,
  endOfAttempt,
  jobIn,
  judged,
  NOW,
  rowsOf,
  settle,
  startOne,
} from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const WHEN_SETTLED = NOW + 2_000;

describe.each(BOTH)('an end that the handler chose, in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: Stores['jobs'];

  beforeEach(() => {
    stores = open();
    jobs = stores.jobs;
  });

  afterEach(() => stores.close());

  const snoozed = { error: null, retryAfterMs: 60_000 };

  it('is a snooze: it waits uncharged for the time that it asked for, and is on record', async () => {
    const job = await startOne(jobs, { retries: 0 });
    const runAt = WHEN_SETTLED + 60_000;
    expect(await settle(jobs, job, 'snoozed', snoozed)).toMatchObject({
      accepted: true,
      next: { kind: 'retry', runAt },
    });
    expect(await jobs.get(job.id)).toMatchObject({
      ...{ state: 'retrying', runAt, failures: 0, crashes: 0, attempt: 1, error: null },
    });
    expect(await jobs.attempts(job.id)).toMatchObject([
      { attempt: 1, outcome: 'snoozed', error: null, durationMs: 12.5 },
    ]);
    expect((await rowsOf(stores)).at(-1)?.data).toEqual([
      {
        ...{ state: 'retrying', type: 'mail', queue: 'default', attempt: 1 },
        runAt: new Date(runAt).toISOString(),
      },
    ]);
    expect(await jobs.nextDue()).toBe(runAt);
  });

  it('may be a snooze as often as the handler likes, and its failures stay what they were', async () => {
    const id = await jobIn(jobs, 'retrying');
    for (const attempt of [2, 3, 4]) {
      await jobs.promote(NOW + 1_000_000, 9);
      const job = await claimOne(jobs);
      expect(job).toMatchObject({ id, attempt, failures: 1 });
      await settle(jobs, job, 'snoozed', snoozed);
    }
    expect((await jobs.attempts(id)).map(({ outcome }) => outcome)).toEqual([
      ...['error', 'snoozed', 'snoozed', 'snoozed'],
    ]);
  });

  it('is no snooze any more when somebody cancelled the job meanwhile', async () => {
    const job = await startOne(jobs);
    await jobs.cancel(job.id, NOW);
    expect(await settle(jobs, job, 'snoozed', snoozed)).toMatchObject({
      next: { state: 'cancelled' },
    });
  });

  it('is a failure with a pause of its own, charged, in place of what the type says', async () => {
    const job = await startOne(jobs);
    const runAt = WHEN_SETTLED + 5_000;
    const answer = await settle(jobs, job, 'error', { retryAfterMs: 5_000 });
    expect(answer).toMatchObject({ next: { kind: 'retry', runAt } });
    expect(await jobs.get(job.id)).toMatchObject({ state: 'retrying', runAt, failures: 1 });
  });

  it('is a cancelled job with the reason that the handler gave', async () => {
    const job = await startOne(jobs);
    const error = { name: 'Cancelled', message: 'not needed any more' };
    await jobs.end([judged(endOfAttempt(job, 'cancelled', { error }))]);
    expect(await jobs.get(job.id)).toMatchObject({ state: 'cancelled', reason: null, error });
    expect((await rowsOf(stores)).at(-1)).toMatchObject({
      kind: 'end',
      data: [{ state: 'cancelled', error: 'not needed any more' }],
    });
  });
});

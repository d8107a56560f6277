/** What happens to a job beside its attempts: promotion, cancel, retry, pauses; and ends of many at once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFinished } from '../../src/protocol/jobs.ts';
import {
  addOne,
  claiming,
  claimOne,
  endOfAttempt,
  jobIn,
  judged,
  LONE_STATES,
  MAIL,
  MAIL_NAMES,
  NOW,
  newJob,
  rowsOf,
  settle,
  startOne,
  story,
} from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

describe.each(BOTH)('a change in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: Stores['jobs'];

  beforeEach(() => {
    stores = open();
    jobs = stores.jobs;
  });

  afterEach(() => stores.close());

  describe('promotion', () => {
    it('queues what is due, the longest due first, as many as asked for', async () => {
      const [third, first, second] = await jobs.add(
        [300, 100, 200].map((ms) => newJob({ runAt: NOW + ms, userId: `${ms}` })),
        NOW,
      );
      expect(await jobs.nextDue()).toBe(NOW + 100);
      expect(await jobs.promote(NOW + 250, 10)).toEqual([MAIL, MAIL]);
      expect((await jobs.get(first?.job.id ?? ''))?.state).toBe('queued');
      expect((await jobs.get(second?.job.id ?? ''))?.runAt).toBeNull();
      expect((await jobs.get(third?.job.id ?? ''))?.state).toBe('scheduled');
      expect((await rowsOf(stores)).slice(3).map(({ id, prev }) => [id, prev])).toEqual([
        [first?.job.id, '2'],
        [second?.job.id, '3'],
      ]);
    });

    it('keeps to its limit and goes on where it stopped', async () => {
      await jobs.add(
        [1, 2, 3].map((ms) => newJob({ runAt: NOW + ms })),
        NOW,
      );
      expect(await jobs.promote(NOW + 9, 2)).toHaveLength(2);
      expect(await jobs.nextDue()).toBe(NOW + 3);
      expect(await jobs.promote(NOW + 9, 2)).toHaveLength(1);
      expect(await jobs.promote(NOW + 9, 2)).toEqual([]);
    });

    it('takes in what is due at this very millisecond, and nothing before its time', async () => {
      await addOne(jobs, { runAt: NOW + 10 });
      expect(await jobs.promote(NOW + 9, 9)).toEqual([]);
      expect(await jobs.promote(NOW + 10, 9)).toHaveLength(1);
    });

    it('knows of no due job when none waits for a time', async () => {
      await addOne(jobs);
      expect(await jobs.nextDue()).toBeNull();
    });

    it('brings retrying jobs back too, with their failures', async () => {
      const id = await jobIn(jobs, 'retrying');
      expect(await jobs.nextDue()).toBe(NOW + 3_000);
      expect(await jobs.promote(NOW + 3_000, 9)).toEqual([MAIL]);
      expect(await claimOne(jobs)).toMatchObject({ id, attempt: 2, failures: 1 });
    });
  });

  describe('cancel', () => {
    it.each(['scheduled', 'queued', 'retrying'] as const)(
      'ends a %s job at once, and the log tells it',
      async (state) => {
        const id = await jobIn(jobs, state);
        expect(await jobs.cancel(id, NOW + 5_000)).toEqual({ kind: 'cancelled' });
        const error = { name: 'Cancelled', message: 'cancelled before it started' };
        const ended = {
          state: 'cancelled',
          reason: null,
          endedAt: NOW + 5_000,
          error,
          runAt: null,
        };
        expect(await jobs.get(id)).toMatchObject(ended);
        expect((await story(stores, id)).at(-1)).toBe('end: cancelled');
        expect(await jobs.attempts(id)).toHaveLength(state === 'retrying' ? 1 : 0);
        expect(await jobs.nextDue()).toBeNull();
        expect((await jobs.claim(claiming())).jobs).toEqual([]);
      },
    );

    it('of a running job records the wish and names its executor', async () => {
      const { id, attempt } = await startOne(jobs);
      const before = await rowsOf(stores);
      const answer = { kind: 'requested', fence: { id, attempt }, executor: 'e1' };
      expect(await jobs.cancel(id, NOW)).toEqual(answer);
      expect(await jobs.cancel(id, NOW)).toEqual(answer);
      expect(await jobs.get(id)).toMatchObject({ state: 'running', cancelRequested: true });
      expect((await jobs.running())[0]?.cancelRequested).toBe(true);
      expect(await rowsOf(stores)).toEqual(before);
    });

    it.each(['error', 'crash', 'interrupted'] as const)(
      'of a running job holds even if its attempt ends as %s',
      async (outcome) => {
        const job = await startOne(jobs);
        await jobs.cancel(job.id, NOW);
        expect(await settle(jobs, job, outcome)).toMatchObject({ next: { state: 'cancelled' } });
        expect((await jobs.get(job.id))?.state).toBe('cancelled');
      },
    );

    it.each(['succeeded', 'failed', 'cancelled'] as const)(
      'leaves a %s job alone',
      async (state) => {
        const id = await jobIn(jobs, state);
        const before = await jobs.get(id);
        expect(await jobs.cancel(id, NOW)).toEqual({ kind: 'finished', state });
        expect(await jobs.get(id)).toEqual(before);
      },
    );

    it.each(['999', 'abc', '', '-1', '1.0', ' 1'])('of the unknown id "%s" says so', async (id) => {
      await addOne(jobs);
      expect(await jobs.cancel(id, NOW)).toEqual({ kind: 'unknown' });
      expect(await jobs.get(id)).toBeUndefined();
    });
  });

  describe('retry', () => {
    it('starts a failed job over, keeps its attempts and goes on counting them', async () => {
      const job = await startOne(jobs, { retries: 1, userId: 'u1', priority: 3 });
      await settle(jobs, job, 'error');
      await jobs.promote(NOW + 60_000, 9);
      await settle(jobs, await claimOne(jobs), 'timeout');
      expect(await jobs.get(job.id)).toMatchObject({ state: 'failed', reason: 'exhausted' });

      expect(await jobs.retry(job.id, NOW)).toEqual({ kind: 'queued', lane: MAIL });
      expect(await jobs.get(job.id)).toMatchObject({
        ...{ state: 'queued', reason: null, error: null, failures: 0, crashes: 0, attempt: 2 },
        ...{ retries: 1, userId: 'u1', priority: 3, createdAt: NOW, endedAt: null },
      });
      await settle(jobs, await claimOne(jobs), 'succeeded');
      const outcomes = (await jobs.attempts(job.id)).map(({ attempt, outcome }) => [
        attempt,
        outcome,
      ]);
      expect(outcomes).toEqual([
        [1, 'error'],
        [2, 'timeout'],
        [3, 'succeeded'],
      ]);
    });

    it('continues the chain of the job in the log', async () => {
      const id = await jobIn(jobs, 'failed');
      await jobs.retry(id, NOW);
      const rows = await rowsOf(stores, 'job', id);
      expect(rows.map(({ prev }) => prev)).toEqual([null, '1', '2', '3']);
      expect(rows.at(-1)?.data).toEqual([{ state: 'queued', ...MAIL_NAMES, attempt: 1 }]);
    });

    it('starts a cancelled job over, wish to cancel forgotten', async () => {
      const job = await startOne(jobs);
      await jobs.cancel(job.id, NOW);
      await settle(jobs, job, 'cancelled');
      await jobs.retry(job.id, NOW);
      await settle(jobs, await claimOne(jobs), 'error');
      expect(await jobs.get(job.id)).toMatchObject({ state: 'retrying', cancelRequested: false });
    });

    it('starts a job over that never had an attempt', async () => {
      const id = await jobIn(jobs, 'queued');
      await jobs.cancel(id, NOW);
      await jobs.retry(id, NOW);
      expect(await jobs.attempts(id)).toEqual([]);
      expect(await claimOne(jobs)).toMatchObject({ id, attempt: 1 });
    });

    it.each(LONE_STATES.filter((state) => state !== 'failed' && state !== 'cancelled'))(
      'leaves a %s job alone',
      async (state) => {
        const id = await jobIn(jobs, state);
        expect(await jobs.retry(id, NOW)).toEqual({ kind: 'not-failed', state });
      },
    );

    it('is refused while another job holds the unique key', async () => {
      const job = await startOne(jobs, { uniqueKey: 'k', retries: 0 });
      await settle(jobs, job, 'error');
      const by = await addOne(jobs, { uniqueKey: 'k' });
      expect(await jobs.retry(job.id, NOW)).toEqual({ kind: 'key-taken', by });
      expect((await jobs.get(job.id))?.state).toBe('failed');
    });

    it('takes the unique key again', async () => {
      const job = await startOne(jobs, { uniqueKey: 'k', retries: 0 });
      await settle(jobs, job, 'error');
      await jobs.retry(job.id, NOW);
      const [second] = await jobs.add([newJob({ uniqueKey: 'k' })], NOW);
      expect(second).toMatchObject({ duplicate: true, job: { id: job.id } });
    });

    it('of an unknown job says so', async () => {
      expect(await jobs.retry('999', NOW)).toEqual({ kind: 'unknown' });
    });
  });

  describe('a pause', () => {
    it('is kept, told in the log, and taken back', async () => {
      await jobs.setMode('slow', 'paused', NOW);
      expect(await jobs.queues()).toContainEqual({ name: 'slow', mode: 'paused', counts: {} });
      await jobs.setMode('slow', 'open', NOW + 1);
      expect(await jobs.queues()).toContainEqual({ name: 'slow', mode: 'open', counts: {} });
      expect(await rowsOf(stores)).toMatchObject([
        {
          type: 'queue',
          id: 'slow',
          kind: 'event',
          prev: null,
          at: NOW,
          data: [{ state: 'paused' }],
        },
        { type: 'queue', id: 'slow', kind: 'event', prev: '1', data: [{ state: 'resumed' }] },
      ]);
    });
  });

  it('judges each end of a batch by itself', async () => {
    await jobs.add([newJob(), newJob({ type: 'scan' }), newJob()], NOW);
    const { jobs: claimed } = await jobs.claim(
      claiming({ lanes: [MAIL, { ...MAIL, type: 'scan' }] }),
    );
    const outcomes = ['succeeded', 'error', 'crash'] as const;
    const answers = await jobs.end(
      claimed.map((job, index) => judged(endOfAttempt(job, outcomes[index] ?? 'error'))),
    );
    expect(answers).toMatchObject([
      { next: { kind: 'finish', state: 'succeeded' } },
      { next: { kind: 'retry' }, job: { type: 'scan' } },
      { next: { kind: 'return' } },
    ]);
    const states = await Promise.all(claimed.map(async ({ id }) => (await jobs.get(id))?.state));
    expect(states).toEqual(['succeeded', 'retrying', 'queued']);
    expect(states.filter((state) => state !== undefined && isFinished(state))).toHaveLength(1);
  });
});

/** Unique keys: what an add does to the job that holds its key, and for how long one is held. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JOB_STATES } from '../../src/protocol/jobs.ts';
import type { NewJob, UniqueRule } from '../../src/queue/job.ts';
import type { AddOutcome } from '../../src/queue/job-store.ts';
import { KEEP_FIRST } from '../../src/queue/unique.ts';
import {
  claiming,
  claimOne,
  endOfAttempt,
  judged,
  MAIL,
  NOW,
  newJob,
  rowsOf,
  settle,
  story,
} from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const SLOW = { queue: 'slow', type: 'mail', group: null };

describe.each(BOTH)('a unique key in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: Stores['jobs'];

  beforeEach(() => {
    stores = open();
    jobs = stores.jobs;
  });

  afterEach(() => stores.close());

  function keyed(rule: Partial<UniqueRule>, over: Partial<NewJob> = {}): NewJob {
    return newJob({ uniqueKey: 'k', unique: { ...KEEP_FIRST, ...rule }, ...over });
  }

  async function add(
    rule: Partial<UniqueRule>,
    over: Partial<NewJob> = {},
    now = NOW,
  ): Promise<AddOutcome> {
    const [outcome] = await jobs.add([keyed(rule, over)], now);
    if (outcome === undefined) throw new Error('no answer');
    return outcome;
  }

  const again = { policy: 'run-again' } as const;
  const debounce = { policy: 'debounce', delayMs: 2_000 } as const;
  const lastRow = async (id: string) => (await rowsOf(stores, 'job', id)).at(-1)?.data[0];

  describe('that is free', () => {
    it('lets the job be added, and says so; without a key nothing is said', async () => {
      expect(await add({})).toMatchObject({ duplicate: false, unique: 'added' });
      const [plain] = await jobs.add([newJob()], NOW);
      expect(plain).not.toHaveProperty('unique');
    });

    it('is one of its type: another type has its own', async () => {
      await add({});
      expect(await add({}, { type: 'scan' })).toMatchObject({ unique: 'added' });
    });
  });

  describe('with the policy reject', () => {
    it('refuses the whole add, names the holder, and harms nobody who shares its transaction', async () => {
      const first = await add({});
      const before = await rowsOf(stores);
      const refused = jobs.add([newJob(), keyed({ policy: 'reject' }), newJob()], NOW);
      const neighbour = jobs.add([newJob()], NOW);
      await expect(refused).rejects.toMatchObject({ code: 'E_CONFLICT' });
      await expect(refused).rejects.toThrow(`held by job ${first.job.id}`);
      expect(await neighbour).toMatchObject([{ duplicate: false }]);
      expect(await rowsOf(stores)).toHaveLength(before.length + 1);
    });

    it('refuses two of one key in one add', async () => {
      const both = jobs.add([keyed({ policy: 'reject' }), keyed({ policy: 'reject' })], NOW);
      await expect(both).rejects.toThrow('another job of the same request');
      expect(await rowsOf(stores)).toEqual([]);
    });

    it('adds when the key is free again, also under the guard that was refused', async () => {
      await add({});
      const guard = { key: 'g', fingerprint: 'f' };
      const once = () => jobs.addOnce([keyed({ policy: 'reject' })], guard, NOW);
      await expect(once()).rejects.toMatchObject({ code: 'E_CONFLICT' });
      await settle(jobs, await claimOne(jobs), 'succeeded');
      expect(await once()).toMatchObject([{ unique: 'added' }]);
    });
  });

  describe('with the policy replace', () => {
    it('gives a queued job the new payload and options, and its place in another lane', async () => {
      const { job } = await add({});
      const over = {
        payload: '2',
        queue: 'slow',
        priority: 7,
        retries: 1,
        timeoutMs: 9,
        userId: 'u',
      };
      const outcome = await add({ policy: 'replace' }, { ...over, group: 'g' });
      expect(outcome).toMatchObject({ duplicate: true, unique: 'replaced' });
      expect(outcome.job).toMatchObject({ ...over, group: 'g', id: job.id, state: 'queued' });
      expect(await jobs.get(job.id)).toEqual(outcome.job);
      expect((await jobs.claim(claiming())).jobs).toEqual([]);
      const claimed = await claimOne(jobs, { lanes: [{ ...SLOW, group: 'g' }] });
      expect(claimed).toMatchObject({ id: job.id, payload: '2', attempt: 1 });
      expect(await lastRow(job.id)).toMatchObject({ state: 'running', queue: 'slow' });
      const queues = await jobs.queues();
      expect(queues.find(({ name }) => name === 'slow')?.counts.running).toBe(1);
    });

    it('tells it in the log, with the new time', async () => {
      const { job } = await add({});
      await add({ policy: 'replace' }, { runAt: NOW + 60_000 });
      const runAt = new Date(NOW + 60_000).toISOString();
      const told = { state: 'scheduled', runAt, unique: 'replaced', attempt: 0 };
      expect(await lastRow(job.id)).toMatchObject(told);
      expect(await jobs.nextDue()).toBe(NOW + 60_000);
      await add({ policy: 'replace' });
      expect(await jobs.get(job.id)).toMatchObject({ state: 'queued', runAt: null });
    });

    it('takes a retrying job as a fresh one: its failures were those of the old payload', async () => {
      const { job } = await add({});
      await settle(jobs, await claimOne(jobs), 'error');
      const { job: now } = await add({ policy: 'replace' }, { payload: '2' });
      expect(now).toMatchObject({ id: job.id, state: 'queued', failures: 0, attempt: 1 });
      expect(await claimOne(jobs)).toMatchObject({ attempt: 2, failures: 0, payload: '2' });
    });

    it('keeps a running job as it is', async () => {
      const { job } = await add({});
      await claimOne(jobs);
      const outcome = await add({ policy: 'replace' }, { payload: '2' });
      expect(outcome).toMatchObject({ duplicate: true, unique: 'kept', job: { id: job.id } });
      expect(outcome.job.payload).not.toBe('2');
      expect(await story(stores, job.id)).toEqual(['queued', 'running']);
    });

    it('leaves a job that waits for another waiting, by its own rule', async () => {
      const first = (await jobs.add([newJob()], NOW))[0]?.job.id ?? '';
      const rule = { after: [first], onDependencyFailure: 'continue' } as const;
      const { job } = await add({}, { ...rule, delayMs: 5_000 });
      expect(job.state).toBe('waiting');
      const outcome = await add({ policy: 'replace' }, { payload: '2', queue: 'slow' });
      expect(outcome).toMatchObject({ unique: 'replaced', job: { id: job.id, state: 'waiting' } });
      const answer = await settle(jobs, await claimOne(jobs), 'error', { retryable: false });
      expect(answer).toMatchObject({ released: [{ ...SLOW, runAt: null }] });
      expect(await claimOne(jobs, { lanes: [SLOW] })).toMatchObject({ id: job.id, payload: '2' });
    });

    it('works among jobs of one add', async () => {
      const outcomes = await jobs.add(
        [keyed({}, { payload: '1' }), keyed({ policy: 'replace' }, { payload: '2' })],
        NOW,
      );
      expect(outcomes.map(({ unique }) => unique)).toEqual(['added', 'replaced']);
      expect(await claimOne(jobs)).toMatchObject({ payload: '2' });
    });
  });

  describe('with the policy debounce', () => {
    it('puts the job off with every add, and runs it once, with the newest payload', async () => {
      const first = await add(debounce, { payload: '1' });
      expect(first).toMatchObject({ unique: 'added', job: { runAt: NOW + 2_000 } });
      const second = await add(debounce, { payload: '2' }, NOW + 1_500);
      expect(second).toMatchObject({ unique: 'postponed', job: { runAt: NOW + 3_500 } });
      expect(await jobs.promote(NOW + 2_000, 9)).toEqual([]);
      await jobs.promote(NOW + 3_500, 9);
      expect((await jobs.claim(claiming())).jobs).toMatchObject([{ payload: '2' }]);
    });

    it('waits no longer than it may, and then is queued at once', async () => {
      const bounded = { ...debounce, maxWaitMs: 3_000 };
      await add(bounded);
      expect((await add(bounded, {}, NOW + 1_900)).job.runAt).toBe(NOW + 3_000);
      const last = await add(bounded, {}, NOW + 3_000);
      expect(last).toMatchObject({ unique: 'postponed', job: { state: 'queued', runAt: null } });
    });

    it('puts a job off that was due and had not started', async () => {
      const { job } = await add(debounce);
      await jobs.promote(NOW + 2_000, 9);
      await add(debounce, {}, NOW + 2_001);
      expect(await jobs.get(job.id)).toMatchObject({ state: 'scheduled', runAt: NOW + 4_001 });
      expect((await jobs.claim(claiming())).jobs).toEqual([]);
    });

    it('of a running job follows it after the quiet time, counted from the first that follows', async () => {
      const bounded = { ...debounce, maxWaitMs: 2_500 };
      await add(debounce);
      await jobs.promote(NOW + 2_000, 9);
      const running = await claimOne(jobs);
      expect(await add(bounded, {}, NOW + 5_000)).toMatchObject({ unique: 'follows' });
      await add(bounded, { payload: '3' }, NOW + 6_000);
      await jobs.end([judged(endOfAttempt(running, 'succeeded'), { now: NOW + 6_500 })]);
      const [follower] = (await jobs.list({ limit: 1 })).jobs;
      const expected = { state: 'scheduled', runAt: NOW + 7_500, payload: '3' };
      expect(follower).toMatchObject({ ...expected, createdAt: NOW + 5_000 });
    });
  });

  describe('with the policy run-again', () => {
    it('takes over what has not started', async () => {
      await add(again, { payload: '1' });
      expect(await add(again, { payload: '2' })).toMatchObject({ unique: 'replaced' });
      expect((await jobs.claim(claiming())).jobs).toMatchObject([{ payload: '2' }]);
    });

    it('follows the running job once, however often it is added, with the newest payload', async () => {
      const { job } = await add(again, { payload: '1' });
      const running = await claimOne(jobs);
      for (const payload of ['2', '3']) {
        const outcome = await add(again, { payload }, NOW + 1_500);
        expect(outcome).toMatchObject({ duplicate: true, unique: 'follows', job: { id: job.id } });
      }
      expect(await lastRow(job.id)).toMatchObject({ state: 'running', unique: 'follows' });
      const answer = await settle(jobs, running, 'succeeded');
      expect(answer).toMatchObject({ released: [{ ...MAIL, runAt: null }] });
      const follower = await claimOne(jobs);
      expect(follower).toMatchObject({ payload: '3', attempt: 1, createdAt: NOW + 1_500 });
      expect(follower.id).not.toBe(job.id);
      expect(await settle(jobs, follower, 'succeeded')).not.toHaveProperty('released');
      expect((await jobs.claim(claiming())).jobs).toEqual([]);
    });

    it.each(['crash', 'interrupted', 'error'] as const)(
      'comes once after the job has ended, not after an attempt that ended as %s',
      async (outcome) => {
        await add(again, { payload: '1' });
        const running = await claimOne(jobs);
        await add(again, { payload: '2' });
        expect(await settle(jobs, running, outcome)).not.toHaveProperty('released');
        await jobs.promote(NOW + 60_000, 9);
        const second = await claimOne(jobs);
        expect(second).toMatchObject({ id: running.id, payload: '1', attempt: 2 });
        await settle(jobs, second, 'succeeded');
        expect(await claimOne(jobs)).toMatchObject({ payload: '2' });
      },
    );

    it('after such an attempt a newer add takes the place of the one that follows', async () => {
      await add(again, { payload: '1' });
      const running = await claimOne(jobs);
      await add(again, { payload: '2' });
      await settle(jobs, running, 'interrupted');
      expect(await add(again, { payload: '3' })).toMatchObject({ unique: 'follows' });
      const second = await claimOne(jobs);
      expect(second.payload).toBe('1');
      await settle(jobs, second, 'succeeded');
      expect((await jobs.claim(claiming())).jobs).toMatchObject([{ payload: '3' }]);
    });

    it('comes also when the running job is cancelled or fails: it was accepted on its own', async () => {
      await add(again);
      const running = await claimOne(jobs);
      await add(again, { payload: '2' });
      await jobs.cancel(running.id, NOW);
      await settle(jobs, running, 'cancelled');
      const follower = await claimOne(jobs);
      expect(follower.payload).toBe('2');
      await add(again, { payload: '3' });
      await settle(jobs, follower, 'error', { retryable: false });
      expect(await claimOne(jobs)).toMatchObject({ payload: '3' });
    });

    it('comes when the job that it follows is cancelled between two attempts', async () => {
      await add(again);
      const running = await claimOne(jobs);
      await add(again, { payload: '2', queue: 'slow' });
      await settle(jobs, running, 'interrupted');
      const answer = await jobs.cancel(running.id, NOW);
      expect(answer).toEqual({ kind: 'cancelled', released: [{ ...SLOW, runAt: null }] });
      expect(await claimOne(jobs, { lanes: [SLOW] })).toMatchObject({ payload: '2' });
    });

    it('is forgotten with the job that it followed: a retry of that one brings none', async () => {
      await add(again);
      const running = await claimOne(jobs);
      await add(again, { payload: '2' });
      await settle(jobs, running, 'error', { retryable: false });
      expect(await jobs.retry(running.id, NOW)).toMatchObject({ kind: 'key-taken' });
      await settle(jobs, await claimOne(jobs), 'succeeded');
      expect(await jobs.retry(running.id, NOW)).toMatchObject({ kind: 'queued' });
      expect(await add(again, { payload: '9' })).toMatchObject({ unique: 'replaced' });
      const answer = await settle(jobs, await claimOne(jobs), 'succeeded');
      expect(answer).not.toHaveProperty('released');
    });
  });

  describe('with a window', () => {
    const throttle = { policy: 'throttle', windowMs: 10_000 } as const;

    it('is held after the job has ended, until the window is over', async () => {
      const { job } = await add(throttle);
      await settle(jobs, await claimOne(jobs), 'succeeded');
      const kept = await add(throttle, {}, NOW + 9_999);
      expect(kept).toMatchObject({ unique: 'kept', job: { id: job.id, state: 'succeeded' } });
      expect(await add({}, {}, NOW + 9_999)).toMatchObject({ unique: 'kept' });
      const next = await add(throttle, {}, NOW + 10_000);
      expect(next).toMatchObject({ unique: 'added', duplicate: false });
      expect(next.job.id).not.toBe(job.id);
    });

    it('counts from the add that made the job: what is kept does not make it longer', async () => {
      await add(throttle);
      await settle(jobs, await claimOne(jobs), 'succeeded');
      await add(throttle, {}, NOW + 9_000);
      expect(await add(throttle, {}, NOW + 10_000)).toMatchObject({ unique: 'added' });
    });

    it('does not free the key of a job that is unfinished when it is over', async () => {
      await add(throttle);
      expect(await add(throttle, {}, NOW + 99_000)).toMatchObject({ unique: 'kept' });
    });

    it('makes reject refuse, and names the ended job', async () => {
      const { job } = await add(throttle);
      await settle(jobs, await claimOne(jobs), 'succeeded');
      await expect(add({ policy: 'reject' }, {}, NOW + 5)).rejects.toThrow(`by job ${job.id}`);
    });

    it('does not hinder an operator from retrying the job', async () => {
      const { job } = await add(throttle);
      await settle(jobs, await claimOne(jobs), 'error', { retryable: false });
      expect(await jobs.retry(job.id, NOW + 5)).toMatchObject({ kind: 'queued' });
    });

    it('of one that follows counts from its own add', async () => {
      await add({});
      const running = await claimOne(jobs);
      await add({ ...again, windowMs: 5_000 }, {}, NOW + 1_500);
      await settle(jobs, running, 'succeeded');
      await settle(jobs, await claimOne(jobs), 'succeeded');
      expect(await add({}, {}, NOW + 6_499)).toMatchObject({ unique: 'kept' });
      expect(await add({}, {}, NOW + 6_500)).toMatchObject({ unique: 'added' });
    });
  });

  it.each(JOB_STATES.filter((state) => state !== 'waiting'))(
    'without a policy is held by a %s job only while it is unfinished',
    async (state) => {
      const { job } = await add({}, state === 'scheduled' ? { runAt: NOW + 9_000 } : {});
      if (state !== 'scheduled' && state !== 'queued') {
        const fence = await claimOne(jobs);
        if (state === 'retrying') await settle(jobs, fence, 'error');
        if (state === 'failed') await settle(jobs, fence, 'error', { retryable: false });
        if (state === 'succeeded' || state === 'cancelled') await settle(jobs, fence, state);
      }
      expect(await jobs.get(job.id)).toMatchObject({ state });
      const finished = state === 'succeeded' || state === 'failed' || state === 'cancelled';
      const { unique } = await add({}, {}, NOW + 1);
      expect(unique).toBe(finished ? 'added' : 'kept');
    },
  );

  it('is answered alike when an add with a guard is repeated', async () => {
    const guard = { key: 'g', fingerprint: 'f' };
    const wanted = [keyed({}), keyed({ policy: 'replace' }), newJob()];
    const answers = async () => {
      const outcomes = await jobs.addOnce(wanted, guard, NOW);
      return outcomes === 'other-jobs' ? [] : outcomes.map(({ job: _, ...answer }) => answer);
    };
    const first = await answers();
    expect(first).toEqual([
      { duplicate: false, unique: 'added' },
      { duplicate: true, unique: 'replaced' },
      { duplicate: false },
    ]);
    await claimOne(jobs);
    expect(await answers()).toEqual(first);
  });
});

/** The life of a job in the store: add, claim, end, and what the log says of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewJob } from '../../src/queue/job.ts';
import {
  addOne,
  brokenLinks,
  claiming,
  claimOne,
  endOfAttempt,
  judged,
  MAIL,
  MAIL_NAMES,
  NOW,
  newJob,
  rowsOf,
  rules,
  settle,
  startOne,
  story,
} from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

describe.each(BOTH)('a job in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: Stores['jobs'];

  beforeEach(() => {
    stores = open();
    jobs = stores.jobs;
  });

  afterEach(() => stores.close());

  describe('when it is added', () => {
    it('is queued with everything that was asked for, and is found again', async () => {
      const asked: NewJob = newJob({
        queue: 'slow',
        type: 'scan',
        payload: '{"ü":[1,2]}',
        priority: -7,
        uniqueKey: 'k',
        retries: 4,
        timeoutMs: 900,
        userId: 'u1',
      });
      const { unique: _, ref: __, after: ___, ...kept } = asked;
      const [added] = await jobs.add([asked], NOW);
      expect(added).toMatchObject({ duplicate: false, job: { ...kept, state: 'queued' } });
      expect(added?.job).toEqual({
        ...kept,
        ...{ waitsFor: 0, hasDependencies: false },
        id: expect.any(String),
        state: 'queued',
        createdAt: NOW,
        attempt: 0,
        failures: 0,
        crashes: 0,
        cancelRequested: false,
        ...{ reason: null, startedAt: null, endedAt: null, durationMs: null, executor: null },
        ...{ result: null, error: null, progress: null },
      });
      expect(await jobs.get(added?.job.id ?? '')).toEqual(added?.job);
    });

    it('is scheduled if its time is yet to come, and queued if it is past', async () => {
      const [later, past, now] = await jobs.add(
        [NOW + 1, NOW - 1, NOW].map((runAt) => newJob({ runAt })),
        NOW,
      );
      expect(later?.job).toMatchObject({ state: 'scheduled', runAt: NOW + 1 });
      expect(past?.job).toMatchObject({ state: 'queued', runAt: null });
      expect(now?.job).toMatchObject({ state: 'queued', runAt: null });
    });

    it('is told in the log', async () => {
      const id = await addOne(jobs);
      const late = await addOne(jobs, { runAt: NOW + 1_000 });
      expect(await rowsOf(stores)).toEqual([
        {
          ...{ seq: '1', prev: null, at: NOW, kind: 'state', type: 'job', id },
          data: [{ state: 'queued', ...MAIL_NAMES, attempt: 0 }],
        },
        {
          ...{ seq: '2', prev: null, at: NOW, kind: 'state', type: 'job', id: late },
          data: [
            { state: 'scheduled', ...MAIL_NAMES, attempt: 0, runAt: '2026-11-21T21:40:06.174Z' },
          ],
        },
      ]);
    });

    it('comes back in the order asked for, with an id of its own', async () => {
      const added = await jobs.add(
        ['a', 'b', 'c'].map((userId) => newJob({ userId })),
        NOW,
      );
      expect(added.map(({ job }) => job.userId)).toEqual(['a', 'b', 'c']);
      expect(new Set(added.map(({ job }) => job.id)).size).toBe(3);
    });

    it('is added with all the others or not at all', async () => {
      const wrong = newJob({ priority: 0.5 });
      await expect(jobs.add([newJob(), wrong, newJob()], NOW)).rejects.toThrow();
      expect((await jobs.list({ limit: 10 })).jobs).toEqual([]);
      expect(await rowsOf(stores)).toEqual([]);
      expect((await jobs.totals()).queued).toBe(0);
    });

    it('does not suffer from what another caller asked for in the same moment', async () => {
      const results = await Promise.allSettled([
        jobs.add([newJob({ userId: 'first' })], NOW),
        jobs.add([newJob({ priority: 0.5 })], NOW),
        jobs.add([newJob({ userId: 'third' })], NOW),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      const { jobs: kept } = await jobs.list({ limit: 10 });
      expect(kept.map(({ userId }) => userId)).toEqual(['third', 'first']);
      expect(brokenLinks(await rowsOf(stores))).toEqual([]);
      expect(await rowsOf(stores)).toHaveLength(2);
    });
  });

  describe('with a unique key', () => {
    it('is returned instead of a second one while it is unfinished, whatever its state', async () => {
      const id = await addOne(jobs, { uniqueKey: 'k' });
      const second = async () =>
        (await jobs.add([newJob({ uniqueKey: 'k', priority: 9 })], NOW))[0];
      expect(await second()).toMatchObject({
        duplicate: true,
        job: { id, state: 'queued', priority: 0 },
      });
      const job = await claimOne(jobs);
      expect(await second()).toMatchObject({ duplicate: true, job: { id, state: 'running' } });
      await settle(jobs, job, 'error');
      expect(await second()).toMatchObject({ duplicate: true, job: { id, state: 'retrying' } });
      await jobs.cancel(id, NOW);
      expect(await second()).toMatchObject({ duplicate: false, job: { state: 'queued' } });
    });

    it('writes nothing for the repeat', async () => {
      await addOne(jobs, { uniqueKey: 'k' });
      await addOne(jobs, { uniqueKey: 'k' });
      expect(await rowsOf(stores)).toHaveLength(1);
      expect((await jobs.totals()).queued).toBe(1);
    });

    it('counts within one array', async () => {
      const added = await jobs.add([newJob({ uniqueKey: 'k' }), newJob({ uniqueKey: 'k' })], NOW);
      expect(added.map(({ duplicate }) => duplicate)).toEqual([false, true]);
      expect(added[1]?.job.id).toBe(added[0]?.job.id);
    });

    it('is apart from the same key of another type', async () => {
      const a = await addOne(jobs, { uniqueKey: 'k' });
      const b = await addOne(jobs, { uniqueKey: 'k', type: 'scan' });
      expect(b).not.toBe(a);
    });
  });

  describe('when it is claimed', () => {
    it('keeps the trace that it belongs to, to its attempt and the row of its end', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const id = await addOne(jobs, { traceparent });
      expect(await jobs.get(id)).toMatchObject({ traceparent });
      const claimed = await claimOne(jobs);
      expect(claimed).toMatchObject({ id, traceparent });
      await settle(jobs, claimed, 'succeeded');
      await settle(jobs, await startOne(jobs), 'succeeded');
      const details = (await stores.log.readEnds('0', 9)).map(({ detail }) => detail);
      expect(details).toEqual([
        { userId: null, error: null, traceparent },
        { userId: null, error: null },
      ]);
    });

    it('tells whether it could have run since it was added', async () => {
      await addOne(jobs, { runAt: NOW + 500 });
      expect(await jobs.promote(NOW + 600, 10)).toHaveLength(1);
      expect(await claimOne(jobs)).toMatchObject({ isPutOff: true });
      await addOne(jobs);
      expect(await claimOne(jobs)).toMatchObject({ isPutOff: false });
    });

    it('runs under a fence, and the log tells it', async () => {
      const id = await addOne(jobs, { userId: 'u1', retries: 7, timeoutMs: 900 });
      const { jobs: claimed, emptyLanes } = await jobs.claim(claiming({ limit: 1 }));
      expect(claimed).toEqual([
        {
          ...{ id, attempt: 1, ...MAIL, payload: '{"to":"ada"}', userId: 'u1' },
          ...{ createdAt: NOW, retries: 7, timeoutMs: 900, failures: 0 },
          ...{ group: null, durability: 'disk', isPutOff: false, dependencies: null },
        },
      ]);
      expect(emptyLanes).toEqual([]);
      const state = { state: 'running', attempt: 1, executor: 'e1', startedAt: NOW + 1_000 };
      expect(await jobs.get(id)).toMatchObject(state);
      expect((await rowsOf(stores)).at(-1)).toEqual({
        ...{ seq: '2', prev: '1', at: NOW + 1_000, kind: 'state', type: 'job', id },
        data: [{ state: 'running', ...MAIL_NAMES, attempt: 1 }],
      });
    });

    it('is given to one only', async () => {
      await addOne(jobs);
      const answers = await Promise.all([1, 2, 3].map(() => jobs.claim(claiming())));
      expect(answers.map((answer) => answer.jobs.length)).toEqual([1, 0, 0]);
    });

    it('goes by priority, then age, over all the lanes that were asked for', async () => {
      const asked = [{}, { type: 'scan', priority: 5 }, { queue: 'slow' }, { priority: 5 }];
      await jobs.add(
        asked.map((over, index) => newJob({ ...over, userId: `${index}` })),
        NOW,
      );
      const lanes = [{ ...MAIL, queue: 'slow' }, MAIL, { ...MAIL, type: 'scan' }];
      const first = await jobs.claim(claiming({ lanes, limit: 3 }));
      expect(first.jobs.map(({ userId }) => userId)).toEqual(['1', '3', '0']);
      const rest = await jobs.claim(claiming({ lanes, limit: 3 }));
      expect(rest.jobs.map(({ userId }) => userId)).toEqual(['2']);
    });

    it('stays where it is while nobody asks for its lane', async () => {
      await addOne(jobs, { queue: 'slow' });
      const { jobs: claimed, emptyLanes } = await jobs.claim(claiming());
      expect(claimed).toEqual([]);
      expect(emptyLanes).toEqual([MAIL]);
    });

    it('keeps to the bound of its type, and its lane is not taken for empty', async () => {
      await jobs.add([newJob(), newJob()], NOW);
      const limits = rules({ type: { mail: { concurrency: 1 } } });
      expect((await jobs.claim(claiming({ limits }))).jobs).toHaveLength(1);
      const nothing = { jobs: [], emptyLanes: [], heldLanes: [] };
      const held = { lane: MAIL, key: 'type mail', until: null };
      expect(await jobs.claim(claiming({ limits }))).toEqual({ ...nothing, heldLanes: [held] });
      expect(await jobs.claim(claiming({ limit: 0 }))).toEqual(nothing);
    });
  });

  describe('when its attempt ends', () => {
    it('is succeeded together with its result, its events and its end in the log', async () => {
      const job = await startOne(jobs, { userId: 'u1' });
      const events = [
        { type: 'datasetUpdate', id: 'd1', data: [{ rows: 3 }] },
        { type: 'uploadFile', id: 'f1', data: [] },
      ];
      const answer = await settle(jobs, job, 'succeeded', {
        events,
        cpuMs: 3.5,
        peakBytes: 9,
        exitCode: 0,
      });
      expect(answer).toEqual({
        accepted: true,
        job: MAIL,
        next: { kind: 'finish', state: 'succeeded', reason: null },
      });
      expect(await jobs.get(job.id)).toMatchObject({
        ...{ state: 'succeeded', reason: null, result: '{"sent":1}', error: null, attempt: 1 },
        ...{ startedAt: NOW + 1_000, endedAt: NOW + 2_000, durationMs: 12.5, executor: 'e1' },
      });
      const rows = (await rowsOf(stores)).slice(2);
      expect(rows).toMatchObject([
        {
          seq: '3',
          prev: null,
          kind: 'event',
          type: 'datasetUpdate',
          id: 'd1',
          data: [{ rows: 3 }],
        },
        { seq: '4', prev: null, kind: 'event', type: 'uploadFile', id: 'f1', data: [] },
        { seq: '5', prev: '2', kind: 'end', type: 'job', id: job.id, at: NOW + 2_000 },
      ]);
      expect(rows[2]?.data).toEqual([
        { state: 'succeeded', ...MAIL_NAMES, attempt: 1, duration: 12.5 },
      ]);
    });

    it('waits for its next attempt when it failed and has retries left', async () => {
      const job = await startOne(jobs);
      const answer = await settle(jobs, job, 'error');
      const runAt = NOW + 3_000;
      expect(answer).toEqual({ accepted: true, job: MAIL, next: { kind: 'retry', runAt } });
      expect(await jobs.get(job.id)).toMatchObject({
        ...{ state: 'retrying', runAt, failures: 1, attempt: 1, executor: null, startedAt: null },
      });
      expect((await rowsOf(stores)).at(-1)).toMatchObject({
        ...{ prev: '2', kind: 'state' },
        data: [
          {
            ...{ state: 'retrying', attempt: 1, error: 'it was error' },
            runAt: new Date(runAt).toISOString(),
          },
        ],
      });
    });

    it("is judged by its own number of retries before its type's", async () => {
      const none = await startOne(jobs, { retries: 0 });
      expect(await settle(jobs, none, 'error')).toMatchObject({ next: { reason: 'error' } });
      const many = await startOne(jobs, { retries: 9 });
      const policy = {
        retries: 0,
        backoffMs: 1,
        backoffKind: 'exponential' as const,
        backoffLimitMs: 1,
      };
      const [answer] = await jobs.end([judged(endOfAttempt(many, 'error'), { policy })]);
      expect(answer).toMatchObject({ next: { kind: 'retry' } });
    });

    it('fails with error, stack and reason kept, but no stack in the log', async () => {
      const job = await startOne(jobs);
      await settle(jobs, job, 'timeout', { retryable: false });
      const error = { name: 'Error', message: 'it was timeout', stack: 'Error\n    at x' };
      expect(await jobs.get(job.id)).toMatchObject({ state: 'failed', reason: 'timeout', error });
      const [row] = await stores.log.readEnds('0', 10);
      expect(row?.data).not.toContain('at x');
      expect(row?.detail.error).toEqual(error);
    });

    it('publishes no event of a job that was cancelled or failed', async () => {
      const events = [{ type: 'datasetUpdate', id: 'd1', data: [] }];
      for (const outcome of ['error', 'cancelled', 'rejected'] as const) {
        await settle(jobs, await startOne(jobs, { retries: 0 }), outcome, { events });
      }
      expect(await rowsOf(stores, 'datasetUpdate')).toEqual([]);
    });

    it('goes back to its queue uncharged when it was interrupted', async () => {
      const job = await startOne(jobs);
      expect(await settle(jobs, job, 'interrupted')).toMatchObject({ next: { kind: 'return' } });
      expect(await jobs.get(job.id)).toMatchObject({ state: 'queued', failures: 0, crashes: 0 });
      expect((await claimOne(jobs)).attempt).toBe(2);
    });

    it('is quarantined by its third crash', async () => {
      const id = await addOne(jobs, { retries: 99 });
      for (const expected of ['queued', 'queued', 'failed']) {
        await settle(jobs, await claimOne(jobs), 'crash');
        expect((await jobs.get(id))?.state).toBe(expected);
      }
      expect(await jobs.get(id)).toMatchObject({ reason: 'crash', crashes: 3, failures: 0 });
      expect(await story(stores, id)).toEqual([
        'queued',
        ...['running', 'queued', 'running', 'queued', 'running', 'end: failed'],
      ]);
    });

    it('changes nothing when the fence is not the current one', async () => {
      const first = await startOne(jobs);
      await settle(jobs, first, 'interrupted');
      const second = await claimOne(jobs);
      const before = await rowsOf(stores);
      const stale = [
        first,
        { id: second.id, attempt: 3 },
        { id: '999', attempt: 1 },
        { id: `0${second.id}`, attempt: 2 },
        { id: 'x', attempt: 1 },
      ];
      for (const fence of stale) {
        expect(await settle(jobs, fence, 'succeeded')).toEqual({ accepted: false });
      }
      expect(await rowsOf(stores)).toEqual(before);
      expect(await settle(jobs, second, 'succeeded')).toMatchObject({ accepted: true });
      expect(await settle(jobs, second, 'succeeded')).toEqual({ accepted: false });
    });

    it('is recorded once when two ends of one fence come in one batch', async () => {
      const job = await startOne(jobs);
      const twice = [judged(endOfAttempt(job, 'succeeded')), judged(endOfAttempt(job, 'error'))];
      const answers = await jobs.end(twice);
      expect(answers.map(({ accepted }) => accepted)).toEqual([true, false]);
      expect(await stores.log.countEnds('0')).toBe(1);
      expect((await jobs.totals()).succeeded).toBe(1);
    });
  });

  it('has one chain of log rows from its first state to its end, between the rows of others', async () => {
    const ids = await Promise.all([addOne(jobs), addOne(jobs), addOne(jobs)]);
    const { jobs: claimed } = await jobs.claim(claiming());
    await jobs.end(claimed.map((job) => judged(endOfAttempt(job, 'error'))));
    await jobs.promote(NOW + 10_000, 10);
    const again = await jobs.claim(claiming());
    await jobs.end(again.jobs.map((job) => judged(endOfAttempt(job, 'succeeded'))));
    for (const id of ids) {
      expect(await story(stores, id)).toEqual([
        ...['queued', 'running', 'retrying', 'queued', 'running', 'end: succeeded'],
      ]);
    }
    expect(brokenLinks(await rowsOf(stores))).toEqual([]);
  });
});

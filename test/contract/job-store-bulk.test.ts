import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { BulkVerb, JobFilter } from '../../src/protocol/bulk.ts';
import { isFinished, JOB_STATES, type JobState } from '../../src/protocol/jobs.ts';
import { type JobCriteria, resolveFilter } from '../../src/queue/job-filter.ts';
import type { BulkChange, JobStore } from '../../src/queue/job-store.ts';
import {
  addOne,
  claiming,
  claimOne,
  jobIn,
  LONE_STATES,
  MAIL,
  NOW,
  newJob,
  settle,
  startOne,
  story,
} from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const LATER = NOW + 10_000;

function wanted(filter: JobFilter, verb: BulkVerb | 'export' = 'export'): JobCriteria {
  return resolveFilter(verb, filter, LATER);
}

const ALL = wanted({ state: [...JOB_STATES] });

/** Every id that a walk finds, `limit` jobs at a time. */
async function walk(jobs: JobStore, criteria: JobCriteria, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const page = await jobs.scan({ criteria, after, limit });
    ids.push(...page.found.map(({ id }) => id));
    if (page.next === null) return ids;
    after = page.next;
  }
}

describe.each(BOTH)('many jobs in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: JobStore;
  beforeEach(() => {
    stores = open();
    jobs = stores.jobs;
    onTestFinished(() => stores.close());
  });

  const change = (ids: readonly string[], verb: BulkVerb, filter: JobFilter = { ids }) => {
    const common = { criteria: wanted(filter, verb), now: LATER };
    const asked: BulkChange =
      verb === 'move' ? { ...common, verb, queue: 'other' } : { ...common, verb };
    return jobs.changeMany(ids, asked);
  };

  describe('a walk', () => {
    it.each([1, 2, 3, 100])(
      'meets every job once, ended ones first, %s at a time',
      async (limit) => {
        const made: [id: string, state: JobState][] = [];
        // The queued one last, or the next would claim it.
        const others = LONE_STATES.filter((state) => state !== 'queued');
        for (const state of [...others, 'queued' as const]) {
          made.push([await jobIn(jobs, state), state]);
        }
        const ended = made.filter(([, state]) => isFinished(state));
        const live = made.filter(([, state]) => !isFinished(state));
        const expected = [...ended, ...live].map(([id]) => id);
        expect(await walk(jobs, ALL, limit)).toEqual(expected);
      },
    );

    it.each(LONE_STATES)('finds the %s ones alone', async (state) => {
      for (const each of LONE_STATES) await jobIn(jobs, each);
      const found = await walk(jobs, wanted({ state: [state] }), 2);
      const states = await Promise.all(found.map(async (id) => (await jobs.get(id))?.state));
      expect(states).toEqual([state]);
    });

    it('finds by queue, group, user and error', async () => {
      const mine = await startOne(jobs, { userId: 'ada' });
      await settle(jobs, mine, 'error', { retryable: false });
      await addOne(jobs, { queue: 'slow', group: 'acme' });
      const [, second] = await walk(jobs, ALL, 10);
      expect(await walk(jobs, wanted({ state: ['failed'], error: 'was err' }), 10)).toEqual([
        mine.id,
      ]);
      expect(await walk(jobs, wanted({ state: ['failed'], error: 'nothing' }), 10)).toEqual([]);
      expect(await walk(jobs, wanted({ group: 'acme' }), 10)).toEqual([second]);
      expect(await walk(jobs, wanted({ queue: 'slow' }), 10)).toEqual([second]);
      expect(await walk(jobs, wanted({ userId: 'ada', state: ['failed'] }), 10)).toEqual([mine.id]);
    });

    it('goes on behind a job that it found', async () => {
      for (let n = 0; n < 5; n += 1) await addOne(jobs);
      const { found } = await jobs.scan({ criteria: ALL, after: null, limit: 5 });
      const page = await jobs.scan({ criteria: ALL, after: found[2]?.position ?? '', limit: 5 });
      expect(page.found.map(({ id }) => id)).toEqual(found.slice(3).map(({ id }) => id));
    });

    it('ends at once at a position that nobody gave', async () => {
      await addOne(jobs);
      expect(await jobs.scan({ criteria: ALL, after: 'x:1', limit: 5 })).toEqual({
        found: [],
        next: null,
      });
    });
  });

  describe('retry', () => {
    it('queues failed and cancelled ones again, and answers for the others', async () => {
      const ids: string[] = [];
      for (const state of ['failed', 'cancelled', 'succeeded', 'queued'] as const) {
        ids.push(await jobIn(jobs, state));
      }
      expect(await change([...ids, '999'], 'retry')).toEqual([
        { kind: 'queued', lane: MAIL },
        { kind: 'queued', lane: MAIL },
        { kind: 'not-failed', state: 'succeeded' },
        { kind: 'not-failed', state: 'queued' },
        { kind: 'unknown' },
      ]);
    });

    it('finds the key of one taken by another, and goes on with the rest', async () => {
      const first = await startOne(jobs, { uniqueKey: 'k' });
      await settle(jobs, first, 'error', { retryable: false });
      const other = await jobIn(jobs, 'failed');
      const holder = await addOne(jobs, { uniqueKey: 'k' });
      expect(await change([first.id, other], 'retry')).toMatchObject([
        { kind: 'key-taken', by: holder },
        { kind: 'queued' },
      ]);
    });

    it('passes what does not fit by the time of the change', async () => {
      const id = await jobIn(jobs, 'failed');
      await jobs.retry(id, LATER);
      expect(await change([id], 'retry', { state: ['failed'] })).toEqual([{ kind: 'passed' }]);
    });
  });

  it('cancel ends what waits, and wishes for the end of what runs', async () => {
    const waiting = await addOne(jobs);
    const scheduled = await addOne(jobs, { runAt: NOW + 60_000 });
    const running = await startOne(jobs, { type: 'scan' });
    const answers = await change([waiting, scheduled, running.id], 'cancel');
    expect(answers).toMatchObject([
      { kind: 'cancelled' },
      { kind: 'cancelled' },
      { kind: 'requested', fence: { id: running.id, attempt: 1 }, executor: 'e1' },
    ]);
    expect(await story(stores, waiting)).toEqual(['queued', 'end: cancelled']);
    expect(await jobs.get(running.id)).toMatchObject({ state: 'running', cancelRequested: true });
    expect(await change([waiting], 'cancel', { type: 'mail' })).toEqual([{ kind: 'passed' }]);
  });

  it('cancel releases those that waited for them', async () => {
    const parent = await addOne(jobs);
    await jobs.add([newJob({ after: [parent], onDependencyFailure: 'continue' })], NOW);
    expect(await change([parent], 'cancel')).toEqual([
      { kind: 'cancelled', released: [{ ...MAIL, runAt: null }] },
    ]);
  });

  describe('move', () => {
    it('takes what waits to the other queue, where it is claimed and counted', async () => {
      const queued = await addOne(jobs);
      const scheduled = await addOne(jobs, { runAt: NOW + 60_000 });
      expect(await change([queued, scheduled], 'move')).toEqual([
        { kind: 'moved', lane: { ...MAIL, queue: 'other' } },
        { kind: 'moved', lane: null },
      ]);
      expect(await jobs.queues()).toContainEqual(
        expect.objectContaining({
          name: 'other',
          counts: expect.objectContaining({ queued: 1, scheduled: 1 }),
        }),
      );
      expect((await jobs.claim(claiming())).jobs).toEqual([]);
      const lanes = [{ ...MAIL, queue: 'other' }];
      expect((await claimOne(jobs, { lanes })).id).toBe(queued);
      expect((await jobs.get(scheduled))?.runAt).toBe(NOW + 60_000);
    });

    it('tells of it in the log', async () => {
      const id = await addOne(jobs);
      await change([id], 'move');
      const rows = await stores.log.read({ after: '0', limit: 10, type: 'job', id });
      expect(rows.map(({ data }) => JSON.parse(data)[0].queue)).toEqual(['default', 'other']);
      expect(rows[1]?.prev).toBe(rows[0]?.seq);
    });

    it('leaves those that run or have ended, and tells of nothing where they are there already', async () => {
      const running = await startOne(jobs);
      const ended = await jobIn(jobs, 'succeeded');
      const there = await addOne(jobs, { queue: 'other' });
      const top = stores.log.top();
      expect(await change([running.id, ended, there], 'move')).toMatchObject([
        { kind: 'running' },
        { kind: 'finished', state: 'succeeded' },
        { kind: 'moved' },
      ]);
      expect(stores.log.top()).toBe(top);
    });
  });

  describe('purge', () => {
    it('cancels what waits, with the row that waiters hear of, and keeps its record', async () => {
      const id = await addOne(jobs);
      expect(await change([id], 'purge')).toEqual([{ kind: 'cancelled' }]);
      expect(await story(stores, id)).toEqual(['queued', 'end: cancelled']);
    });

    it('removes the records of ended ones with all that was theirs, and not their rows in the log', async () => {
      const job = await startOne(jobs);
      await jobs.appendLogLines([{ ...job, at: NOW, level: 'info', line: 'hello' }]);
      await settle(jobs, job, 'error');
      await jobs.promote(NOW + 60_000, 10);
      await settle(jobs, await claimOne(jobs, { now: NOW + 60_000 }), 'succeeded');
      const told = await story(stores, job.id);
      expect(await change([job.id], 'purge')).toEqual([{ kind: 'removed' }]);
      expect(await jobs.get(job.id)).toBeUndefined();
      expect(await jobs.attempts(job.id)).toEqual([]);
      expect(await jobs.logLines(job.id, 0, 10)).toEqual([]);
      expect(await story(stores, job.id)).toEqual(told);
      expect(await change([job.id], 'purge')).toEqual([{ kind: 'unknown' }]);
    });

    it('leaves what runs, and what unfinished jobs depend on', async () => {
      const running = await startOne(jobs, { type: 'scan' });
      const parent = await jobIn(jobs, 'succeeded');
      const other = await addOne(jobs, { type: 'scan' });
      const [child] = await jobs.add([newJob({ after: [parent, other] })], NOW);
      expect(await change([running.id, parent], 'purge')).toEqual([
        { kind: 'running' },
        { kind: 'needed' },
      ]);
      await jobs.cancel(child?.job.id ?? '', LATER);
      expect(await change([parent], 'purge')).toEqual([{ kind: 'removed' }]);
    });

    it('does not make the totals smaller, and the records that are kept fewer', async () => {
      const ids = [await jobIn(jobs, 'succeeded'), await jobIn(jobs, 'failed')];
      await jobIn(jobs, 'failed');
      expect(await jobs.kept()).toEqual({ succeeded: 1, failed: 2, cancelled: 0 });
      await change(ids, 'purge', { state: ['succeeded', 'failed'] });
      expect(await jobs.kept()).toEqual({ succeeded: 0, failed: 1, cancelled: 0 });
      expect(await jobs.totals()).toMatchObject({ succeeded: 1, failed: 2 });
    });
  });

  it('a job that is retried is not kept as ended any more', async () => {
    const id = await jobIn(jobs, 'failed');
    await jobs.retry(id, LATER);
    expect(await jobs.kept()).toEqual({ succeeded: 0, failed: 0, cancelled: 0 });
    await settle(jobs, await claimOne(jobs), 'succeeded');
    expect(await jobs.kept()).toEqual({ succeeded: 1, failed: 0, cancelled: 0 });
  });

  describe('ended jobs', () => {
    it.each([1, 2, 100])('come in the order of their ids, %s at a time', async (limit) => {
      const failed: string[] = [];
      for (let n = 0; n < 3; n += 1) {
        failed.push(await jobIn(jobs, 'failed'));
        await jobIn(jobs, 'succeeded');
      }
      const seen: string[] = [];
      for (let after: string | null = null; ; ) {
        const page = await jobs.endedAfter({ state: 'failed', after, limit });
        seen.push(...page.ended.map(({ id }) => id));
        expect(page.ended.every(({ endedAt }) => endedAt === NOW + 2_000)).toBe(true);
        if (page.next === null) break;
        after = page.next;
      }
      expect(seen).toEqual(failed);
    });

    it('are removed by their ids, but none that is needed or unfinished', async () => {
      const parent = await jobIn(jobs, 'succeeded');
      const gone = await jobIn(jobs, 'cancelled');
      const live = await addOne(jobs);
      await jobs.add([newJob({ after: [parent, live] })], NOW);
      expect(await jobs.removeEnded([parent, gone, live, '999'])).toEqual({
        looked: 4,
        removed: 1,
      });
      expect(await jobs.get(gone)).toBeUndefined();
      expect(await jobs.get(parent)).toBeDefined();
      expect(await jobs.get(live)).toBeDefined();
    });
  });

  it('the window of a unique key ends with the record of its job', async () => {
    const unique = { policy: 'throttle', windowMs: 60_000, delayMs: 0, maxWaitMs: null } as const;
    const id = await addOne(jobs, { uniqueKey: 'k', unique });
    await settle(jobs, await claimOne(jobs), 'succeeded');
    expect(await jobs.removeEnded([id])).toMatchObject({ removed: 1 });
    const [again] = await jobs.add([newJob({ uniqueKey: 'k', unique })], NOW + 3_000);
    expect(again).toMatchObject({ duplicate: false });
  });

  it('a draining queue refuses adds by request, and takes what comes with a transaction of its own', async () => {
    await jobs.setMode('slow', 'draining', NOW);
    await expect(jobs.add([newJob(), newJob({ queue: 'slow' })], NOW)).rejects.toMatchObject({
      code: 'E_UNAVAILABLE',
    });
    expect(await jobs.queues()).toEqual([
      { name: 'default', mode: 'open', counts: {} },
      { name: 'slow', mode: 'draining', counts: {} },
    ]);
    await jobs.setMode('slow', 'open', NOW);
    expect(await addOne(jobs, { queue: 'slow' })).toBeDefined();
  });
});

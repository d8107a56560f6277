/** What becomes of jobs that depend on others, in both stores. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobStore } from '../../src/queue/job-store.ts';
import { FlowFixture } from './flow-fixture.ts';
import {
  addOne,
  brokenLinks,
  busyQueues,
  claiming,
  MAIL,
  NOW,
  newJob,
  rowsOf,
  settle,
  story,
} from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

describe.each(BOTH)('flows in the $name store', ({ name, open }) => {
  let stores: Stores;
  let jobs: JobStore;
  let flows: FlowFixture;

  beforeEach(() => {
    stores = open();
    ({ jobs } = stores);
    flows = new FlowFixture(jobs);
  });
  afterEach(() => stores.close());

  it('holds a job back until the last one that it depends on has ended', async () => {
    const ids = await flows.diamond();
    expect(await flows.statesOf(ids)).toEqual({
      a: 'queued',
      b: 'waiting',
      c: 'waiting',
      d: 'waiting',
    });
    expect((await jobs.get(ids.d ?? ''))?.waitsFor).toBe(2);
    expect((await flows.claimAll()).map(({ id }) => id)).toEqual([ids.a]);
    await settle(jobs, { id: ids.a ?? '', attempt: 1 }, 'succeeded');
    expect(await flows.statesOf(ids)).toMatchObject({ b: 'queued', c: 'queued', d: 'waiting' });
    await flows.run(ids.b);
    expect(await flows.stateOf(ids.d)).toBe('waiting');
    expect((await jobs.get(ids.d ?? ''))?.waitsFor).toBe(1);
    await flows.run(ids.c);
    expect(await flows.stateOf(ids.d)).toBe('queued');
    expect(await story(stores, ids.d ?? '')).toEqual(['waiting', 'queued']);
    expect(brokenLinks(await rowsOf(stores))).toEqual([]);
  });

  it('says what an end released, so that it can be handed out', async () => {
    const { a } = await flows.add({
      a: {},
      b: { after: ['a'], queue: 'slow', group: 'g' },
      c: { after: ['a'], runAt: NOW + 90_000 },
    });
    const { answer } = await flows.run(a);
    expect(answer).toMatchObject({
      released: [
        { queue: 'slow', type: 'mail', group: 'g', runAt: null },
        { queue: 'default', type: 'mail', group: null, runAt: NOW + 90_000 },
      ],
    });
    const alone = await addOne(jobs, { queue: 'other' });
    const lanes = [{ ...MAIL, queue: 'other' }];
    const [job] = (await jobs.claim(claiming({ lanes }))).jobs;
    expect(job?.id).toBe(alone);
    expect(await settle(jobs, job ?? { id: '', attempt: 0 }, 'succeeded')).not.toHaveProperty(
      'released.0',
    );
  });

  it('counts waiting jobs as waiting, through their whole life', async () => {
    const ids = await flows.diamond();
    const waiting = async () => [
      (await jobs.totals()).waiting,
      busyQueues(await jobs.queues())[0]?.counts.waiting ?? 0,
    ];
    expect(await waiting()).toEqual([3, 3]);
    expect(await jobs.list({ state: 'waiting', limit: 10 })).toMatchObject({
      jobs: [{ id: ids.d }, { id: ids.c }, { id: ids.b }],
    });
    await flows.run(ids.a);
    expect(await waiting()).toEqual([1, 1]);
    await jobs.cancel(ids.d ?? '', NOW);
    expect(await waiting()).toEqual([0, 0]);
    expect(await jobs.totals()).toMatchObject({ cancelled: 1, queued: 2 });
  });

  it('waits for the end, not for an attempt', async () => {
    const ids = await flows.add({ a: { retries: 1 }, b: { after: ['a'] } });
    const [first] = await flows.claimAll();
    await settle(jobs, first ?? { id: '', attempt: 0 }, 'error');
    expect(await flows.statesOf(ids)).toEqual({ a: 'retrying', b: 'waiting' });
    await jobs.promote(NOW + 600_000, 10);
    const [second] = await flows.claimAll();
    await settle(jobs, second ?? { id: '', attempt: 0 }, 'crash');
    expect(await flows.statesOf(ids)).toEqual({ a: 'queued', b: 'waiting' });
    await flows.run(ids.a);
    expect(await flows.statesOf(ids)).toEqual({ a: 'succeeded', b: 'queued' });
  });

  describe('when one does not succeed', () => {
    it('fail: the others fail with it at once, all the way down, and name it', async () => {
      const ids = await flows.diamond();
      await flows.run(ids.a, 'error');
      expect(await flows.statesOf(ids)).toEqual({
        a: 'failed',
        b: 'failed',
        c: 'failed',
        d: 'failed',
      });
      expect(await jobs.get(ids.b ?? '')).toMatchObject({
        reason: 'dependency',
        attempt: 0,
        error: {
          name: 'DependencyError',
          message: `it depends on job ${ids.a} (mail), which failed`,
        },
      });
      expect(await story(stores, ids.d ?? '')).toEqual(['waiting', 'end: failed']);
      expect(await jobs.totals()).toMatchObject({ failed: 4, waiting: 0 });
    });

    it('fail: it does not wait for the rest', async () => {
      const ids = await flows.add({ a: {}, b: {}, c: { after: ['a', 'b'] } });
      await flows.run(ids.b, 'error');
      expect(await flows.statesOf(ids)).toEqual({ a: 'queued', b: 'failed', c: 'failed' });
      await flows.run(ids.a);
      expect(await flows.stateOf(ids.c)).toBe('failed');
    });

    it('cancel: the job is cancelled, and that is told on', async () => {
      const ids = await flows.add({
        a: {},
        b: { after: ['a'], onDependencyFailure: 'cancel' },
        c: { after: ['b'] },
        d: { after: ['b'], onDependencyFailure: 'continue' },
      });
      await flows.run(ids.a, 'error');
      expect(await flows.statesOf(ids)).toEqual({
        ...{ a: 'failed', b: 'cancelled', c: 'failed', d: 'queued' },
      });
      expect(await jobs.get(ids.b ?? '')).toMatchObject({ reason: 'dependency' });
      expect(await jobs.get(ids.c ?? '')).toMatchObject({
        error: { message: `it depends on job ${ids.b} (mail), which was cancelled` },
      });
    });

    it('continue: it runs when all have ended, however they did', async () => {
      const ids = await flows.add({
        a: {},
        b: {},
        c: { after: ['a', 'b'], onDependencyFailure: 'continue' },
      });
      await flows.run(ids.a, 'error');
      expect(await flows.stateOf(ids.c)).toBe('waiting');
      const { answer } = await flows.run(ids.b);
      expect(answer).toMatchObject({ released: [{ type: 'mail' }] });
      expect(await flows.stateOf(ids.c)).toBe('queued');
    });

    it('a cancelled one did not succeed, whether it was waiting, queued or running', async () => {
      for (const way of ['waiting', 'queued', 'running']) {
        const ids = await flows.add({
          first: {},
          a: way === 'waiting' ? { after: ['first'] } : {},
          b: { after: ['a'] },
          c: { after: ['a'], onDependencyFailure: 'continue' },
        });
        const a = ids.a ?? '';
        if (way === 'running') {
          await flows.claimAll();
          await jobs.cancel(a, NOW);
          expect(await flows.stateOf(ids.b)).toBe('waiting');
          await settle(jobs, { id: a, attempt: 1 }, 'cancelled');
        } else {
          expect(await jobs.cancel(a, NOW)).toMatchObject({
            kind: 'cancelled',
            released: [{ type: 'mail' }],
          });
        }
        expect(await flows.statesOf(ids)).toMatchObject({
          a: 'cancelled',
          b: 'failed',
          c: 'queued',
        });
      }
    });

    it('a long chain falls in one end', async () => {
      // The store in memory looks through all of it each time.
      const count = name === 'SQLite' ? 3_000 : 100;
      const members = Array.from({ length: count }, (_, n) =>
        newJob({ ref: `r${n}`, after: n === 0 ? [] : [`r${n - 1}`] }),
      );
      const outcomes = await jobs.add(members, NOW);
      await flows.run(outcomes[0]?.job.id, 'error');
      expect(await jobs.totals()).toMatchObject({ failed: count, waiting: 0 });
    }, 60_000);
  });
});

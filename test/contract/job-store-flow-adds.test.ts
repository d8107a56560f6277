/** Adding jobs that depend on others, in both stores. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewJob } from '../../src/queue/job.ts';
import type { AddOutcome, JobStore } from '../../src/queue/job-store.ts';
import { FlowFixture } from './flow-fixture.ts';
import { addOne, NOW, newJob } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

describe.each(BOTH)('adding a flow in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: JobStore;
  let flows: FlowFixture;

  beforeEach(() => {
    stores = open();
    ({ jobs } = stores);
    flows = new FlowFixture(jobs);
  });
  afterEach(() => stores.close());

  it('answers in the order of the request, whatever order it takes to add it', async () => {
    const outcomes = await jobs.add(
      [
        newJob({ priority: 3, after: ['b'] }),
        newJob({ priority: 2, ref: 'b', after: ['a'] }),
        newJob({ priority: 1, ref: 'a' }),
      ],
      NOW,
    );
    expect(outcomes.map(({ job }) => [job.priority, job.state])).toEqual([
      [3, 'waiting'],
      [2, 'waiting'],
      [1, 'queued'],
    ]);
    expect(await jobs.get(outcomes[0]?.job.id ?? '')).toEqual(outcomes[0]?.job);
  });

  it('takes jobs that are there already, and counts those that have ended', async () => {
    const done = await addOne(jobs);
    await flows.run(done);
    const live = await addOne(jobs);
    const after = await addOne(jobs, { after: [done] });
    expect(await flows.stateOf(after)).toBe('queued');
    const waiting = await addOne(jobs, { after: [done, live] });
    expect(await jobs.get(waiting)).toMatchObject({ state: 'waiting', waitsFor: 1 });
    await flows.run(live);
    expect(await flows.stateOf(waiting)).toBe('queued');
  });

  it('refuses all of it where a job rejects a key that an earlier one in the order of adding takes', async () => {
    const reject = { policy: 'reject', windowMs: null, delayMs: 0, maxWaitMs: null } as const;
    const first = newJob({ ref: 'a' });
    const second = newJob({ after: ['a'], uniqueKey: 'k', unique: reject });
    const third = newJob({ uniqueKey: 'k' });
    await expect(jobs.add([first, second, third], NOW)).rejects.toMatchObject({
      code: 'E_CONFLICT',
    });
    expect(await jobs.totals()).toMatchObject({ queued: 0, waiting: 0 });
  });

  it('ends a job at once that depends on one that failed before', async () => {
    const bad = await addOne(jobs);
    await flows.run(bad, 'error');
    const add = async (over: Partial<NewJob>) =>
      (await jobs.add([newJob({ after: [bad], ...over })], NOW))[0]?.job;
    expect(await add({})).toMatchObject({ state: 'failed', reason: 'dependency' });
    expect(await add({ onDependencyFailure: 'cancel' })).toMatchObject({ state: 'cancelled' });
    expect(await add({ onDependencyFailure: 'continue' })).toMatchObject({ state: 'queued' });
    const ids = await flows.add({ x: { after: [bad] }, y: { after: ['x'] } });
    expect(await flows.statesOf(ids)).toEqual({ x: 'failed', y: 'failed' });
    expect(await jobs.totals()).toMatchObject({ waiting: 0, failed: 4 });
  });

  it.each([
    [[{ after: ['gone'] }], 'E_NOT_FOUND'],
    [[{ ref: 'a', after: ['999'] }, { after: ['a'] }], 'E_NOT_FOUND'],
    [[{ ref: 'a' }, { ref: 'a' }], 'E_INVALID_REQUEST'],
    [
      [
        { ref: 'a', after: ['b'] },
        { ref: 'b', after: ['a'] },
      ],
      'E_INVALID_REQUEST',
    ],
  ])('refuses a flow that cannot be, and adds none of it (%#)', async (members, code) => {
    const beside = jobs.add([newJob()], NOW);
    const wrong = jobs.add(
      [{}, ...members].map((over) => newJob(over)),
      NOW,
    );
    await expect(wrong).rejects.toMatchObject({ code });
    await beside;
    expect((await jobs.list({ limit: 10 })).jobs).toHaveLength(1);
  });

  it('lets the job that holds a unique key stand for its ref', async () => {
    const [first] = await jobs.add([newJob({ uniqueKey: 'k' })], NOW);
    const outcomes = await jobs.add(
      [newJob({ ref: 'a', uniqueKey: 'k' }), newJob({ after: ['a'] })],
      NOW,
    );
    expect(outcomes.map(({ duplicate }) => duplicate)).toEqual([true, false]);
    const child = outcomes[1]?.job.id ?? '';
    expect(await flows.stateOf(child)).toBe('waiting');
    await flows.run(first?.job.id);
    expect(await flows.stateOf(child)).toBe('queued');
  });

  it('counts one job once, though two refs stand for it', async () => {
    const outcomes = await jobs.add(
      [
        newJob({ ref: 'a', uniqueKey: 'k' }),
        newJob({ ref: 'b', uniqueKey: 'k' }),
        newJob({ ref: 'c', after: ['a', 'b'] }),
      ],
      NOW,
    );
    expect(outcomes[2]?.job.waitsFor).toBe(1);
    await flows.run(outcomes[0]?.job.id);
    expect(await flows.stateOf(outcomes[2]?.job.id)).toBe('queued');
  });

  it('adds a flow once, however often its guard comes', async () => {
    const flow = [newJob({ ref: 'a' }), newJob({ after: ['a'] })];
    const guard = { key: 'g', fingerprint: 'f' };
    const first = (await jobs.addOnce(flow, guard, NOW)) as readonly AddOutcome[];
    const again = (await jobs.addOnce(flow, guard, NOW)) as readonly AddOutcome[];
    expect(again.map(({ job }) => job.id)).toEqual(first.map(({ job }) => job.id));
    expect((await jobs.list({ limit: 10 })).jobs).toHaveLength(2);
  });

  it('lets a delay begin with the release', async () => {
    const ids = await flows.add({ a: {}, b: { after: ['a'], delayMs: 5_000 } });
    expect((await jobs.get(ids.b ?? ''))?.runAt).toBeNull();
    // Ends at NOW + 2 s.
    await flows.run(ids.a);
    expect(await jobs.get(ids.b ?? '')).toMatchObject({
      state: 'scheduled',
      runAt: NOW + 7_000,
    });
    await jobs.promote(NOW + 7_000, 10);
    expect(await flows.stateOf(ids.b)).toBe('queued');
  });

  it('does not let a waiting job run because its own time has come', async () => {
    const ids = await flows.add({ a: {}, b: { after: ['a'], runAt: NOW + 1_000 } });
    expect(await jobs.nextDue()).toBeNull();
    expect(await jobs.promote(NOW + 60_000, 10)).toEqual([]);
    expect(await jobs.get(ids.b ?? '')).toMatchObject({ state: 'waiting', runAt: NOW + 1_000 });
    await flows.run(ids.a);
    expect(await jobs.get(ids.b ?? '')).toMatchObject({ state: 'queued', runAt: null });
  });
});

/** Retries of jobs that others depend on, in both stores. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobStore } from '../../src/queue/job-store.ts';
import { FlowFixture } from './flow-fixture.ts';
import { addOne, brokenLinks, MAIL, NOW, rowsOf } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

describe.each(BOTH)('starting a flow over in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: JobStore;
  let flows: FlowFixture;

  beforeEach(() => {
    stores = open();
    ({ jobs } = stores);
    flows = new FlowFixture(jobs);
  });
  afterEach(() => stores.close());

  it('a plain retry leaves the others as they ended', async () => {
    const ids = await flows.diamond();
    await flows.run(ids.a, 'error');
    expect(await jobs.retry(ids.a ?? '', NOW)).toEqual({ kind: 'queued', lane: MAIL });
    await flows.run(ids.a);
    expect(await flows.statesOf(ids)).toEqual({
      ...{ a: 'succeeded', b: 'failed', c: 'failed', d: 'failed' },
    });
  });

  it('with its dependents, those that ended for it wait for it again', async () => {
    const ids = await flows.diamond({ onDependencyFailure: 'cancel' });
    const bystander = await addOne(jobs);
    await flows.run(bystander, 'error');
    await flows.run(ids.a, 'error');
    expect(await jobs.retry(ids.a ?? '', NOW, { dependents: true })).toMatchObject({
      kind: 'queued',
      dependents: 3,
    });
    expect(await flows.statesOf(ids)).toEqual({
      ...{ a: 'queued', b: 'waiting', c: 'waiting', d: 'waiting' },
    });
    for (const ref of ['a', 'b', 'c', 'd']) await flows.run(ids[ref]);
    expect(await flows.statesOf(ids)).toEqual({
      ...{ a: 'succeeded', b: 'succeeded', c: 'succeeded', d: 'succeeded' },
    });
    expect(await flows.stateOf(bystander)).toBe('failed');
    expect(await jobs.totals()).toMatchObject({ waiting: 0 });
    expect(brokenLinks(await rowsOf(stores))).toEqual([]);
  });

  it('does not wait for one that was removed since', async () => {
    const ids = await flows.add({ a: {}, b: { after: ['a'] } });
    await flows.run(ids.a, 'error');
    expect(await jobs.removeEnded([ids.a ?? ''])).toMatchObject({ removed: 1 });
    expect(await jobs.retry(ids.b ?? '', NOW)).toEqual({ kind: 'queued', lane: MAIL });
    expect(await jobs.countDependencies(ids.b ?? '')).toMatchObject({ unfinished: 0, failed: 1 });
  });

  it('leaves those ended that another one fails as well', async () => {
    const ids = await flows.add({ a: {}, b: {}, c: { after: ['a', 'b'] } });
    await flows.run(ids.a, 'error');
    await flows.run(ids.b, 'error');
    const retry = (ref: string) => jobs.retry(ids[ref] ?? '', NOW, { dependents: true });
    expect(await retry('a')).toMatchObject({ dependents: 0 });
    expect(await flows.stateOf(ids.c)).toBe('failed');
    expect(await retry('b')).toMatchObject({ dependents: 1 });
    expect((await jobs.get(ids.c ?? ''))?.waitsFor).toBe(2);
    await flows.run(ids.a);
    await flows.run(ids.b);
    expect(await flows.stateOf(ids.c)).toBe('queued');
  });

  it('finds those that came after it had failed, too', async () => {
    const bad = await addOne(jobs);
    await flows.run(bad, 'error');
    const child = await addOne(jobs, { after: [bad] });
    expect(await jobs.retry(bad, NOW, { dependents: true })).toMatchObject({ dependents: 1 });
    expect(await flows.stateOf(child)).toBe('waiting');
    await flows.run(bad);
    expect(await flows.stateOf(child)).toBe('queued');
  });

  it('leaves a job ended whose unique key was taken meanwhile', async () => {
    const ids = await flows.add({ a: {}, b: { after: ['a'], uniqueKey: 'k' } });
    await flows.run(ids.a, 'error');
    await addOne(jobs, { uniqueKey: 'k' });
    expect(await jobs.retry(ids.a ?? '', NOW, { dependents: true })).toMatchObject({
      dependents: 0,
    });
    expect(await flows.stateOf(ids.b)).toBe('failed');
  });

  it('a job that failed for another runs without it', async () => {
    const ids = await flows.add({ a: {}, b: { after: ['a'] } });
    await flows.run(ids.a, 'error');
    expect(await jobs.retry(ids.b ?? '', NOW)).toMatchObject({ kind: 'queued' });
    expect(await flows.stateOf(ids.b)).toBe('queued');
  });

  it('but waits for those that have not ended', async () => {
    const ids = await flows.add({ a: {}, b: {}, c: { after: ['a', 'b'] } });
    await flows.run(ids.a, 'error');
    expect(await jobs.retry(ids.c ?? '', NOW)).toMatchObject({ kind: 'waiting' });
    expect(await jobs.get(ids.c ?? '')).toMatchObject({ state: 'waiting', waitsFor: 1 });
    await flows.run(ids.b);
    expect(await flows.stateOf(ids.c)).toBe('queued');
  });

  it('a job that runs again is not waited for twice', async () => {
    const ids = await flows.add({
      a: {},
      b: {},
      c: { after: ['a', 'b'], onDependencyFailure: 'continue' },
    });
    await flows.run(ids.a, 'error');
    await jobs.retry(ids.a ?? '', NOW);
    await flows.run(ids.a);
    expect((await jobs.get(ids.c ?? ''))?.waitsFor).toBe(1);
    await flows.run(ids.b);
    expect(await flows.stateOf(ids.c)).toBe('queued');
  });
});

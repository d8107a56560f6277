/** What is told of the jobs around one, in both stores. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobStore } from '../../src/queue/job-store.ts';
import { FlowFixture, handed } from './flow-fixture.ts';
import { addOne, claiming, endOfAttempt, judged, NOW, newJob, settle } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

describe.each(BOTH)('what is handed down in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: JobStore;
  let flows: FlowFixture;

  beforeEach(() => {
    stores = open();
    ({ jobs } = stores);
    flows = new FlowFixture(jobs);
  });
  afterEach(() => stores.close());

  it('is how each has ended, in the order of `after`, results as they are stored', async () => {
    const ids = await flows.add({
      a: {},
      b: {},
      c: {},
      d: { after: ['c', 'a', 'b'], onDependencyFailure: 'continue' },
    });
    await flows.run(ids.a, 'succeeded', '{"n":1,"text":"ä\\n"}');
    await flows.run(ids.b, 'error');
    await jobs.cancel(ids.c ?? '', NOW);
    const { claimed } = await flows.run(ids.d);
    expect(handed(claimed.dependencies)).toEqual({
      ...{ total: 3, succeeded: 1, failed: 1, cancelled: 1 },
      results: [
        {
          ...{ id: ids.c, ref: 'c', type: 'mail', state: 'cancelled', result: null },
          error: 'cancelled before it started',
        },
        {
          ...{ id: ids.a, ref: 'a', type: 'mail', state: 'succeeded' },
          ...{ result: { n: 1, text: 'ä\n' }, error: null },
        },
        {
          ...{ id: ids.b, ref: 'b', type: 'mail', state: 'failed', result: null },
          error: 'it was error',
        },
      ],
    });
  });

  it('is null for a job that depends on none, and has no ref for one named by its id', async () => {
    const first = await addOne(jobs);
    expect((await flows.run(first)).claimed.dependencies).toBeNull();
    const second = await addOne(jobs, { after: [first] });
    expect(handed((await flows.run(second)).claimed.dependencies).results).toMatchObject([
      { id: first, ref: null },
    ]);
  });

  it('comes with every attempt, and tells what a repeated one came to', async () => {
    const ids = await flows.add({ a: {}, b: { after: ['a'], onDependencyFailure: 'continue' } });
    await flows.run(ids.a, 'error');
    const [first] = await flows.claimAll();
    expect(handed(first?.dependencies)).toMatchObject({ failed: 1, succeeded: 0 });
    await jobs.retry(ids.a ?? '', NOW);
    await settle(jobs, first ?? { id: '', attempt: 0 }, 'interrupted');
    await flows.run(ids.a, 'succeeded', '"at last"');
    const { claimed } = await flows.run(ids.b);
    expect(handed(claimed.dependencies)).toMatchObject({
      ...{ total: 1, failed: 0, succeeded: 1 },
      results: [{ result: 'at last', state: 'succeeded' }],
    });
  });

  it('has at most 4 MiB of results, whole ones from the first on', async () => {
    const refs = ['a', 'b', 'c', 'd', 'e', 'f'];
    const ids = await flows.add({
      ...Object.fromEntries(refs.map((ref) => [ref, {}])),
      last: { after: refs },
    });
    const result = JSON.stringify('ä'.repeat(450_000));
    for (const ref of refs) await flows.run(ids[ref], 'succeeded', result);
    const { total, results } = handed((await flows.run(ids.last)).claimed.dependencies);
    expect([total, results.map(({ ref }) => ref)]).toEqual([6, ['a', 'b', 'c', 'd']]);
  });

  it('has at most a thousand results, and the whole count', async () => {
    const many = Array.from({ length: 1_005 }, (_, n) => newJob({ ref: `r${n}` }));
    const outcomes = await jobs.add(
      [...many, newJob({ after: many.map(({ ref }) => ref ?? '') })],
      NOW,
    );
    const claimed = (await jobs.claim(claiming({ limit: 2_000 }))).jobs;
    await jobs.end(claimed.map((job) => judged(endOfAttempt(job, 'succeeded'))));
    const { claimed: last } = await flows.run(outcomes.at(-1)?.job.id);
    const { total, results } = handed(last.dependencies);
    expect([total, results.length]).toEqual([1_005, 1_000]);
  }, 60_000);

  it('tells how the dependencies of a job stand', async () => {
    const ids = await flows.add({
      ...{ a: {}, b: {}, c: {} },
      d: { after: ['a', 'b', 'c'], onDependencyFailure: 'continue' },
    });
    await flows.run(ids.a);
    await flows.run(ids.b, 'error');
    expect(await jobs.countDependencies(ids.d ?? '')).toEqual({
      ...{ total: 3, unfinished: 1, succeeded: 1, failed: 1, cancelled: 0 },
    });
    expect(await jobs.countDependencies(ids.a ?? '')).toBeUndefined();
    expect(await jobs.countDependencies('nobody')).toBeUndefined();
  });

  it('shows the jobs on either side of one', async () => {
    const ids = await flows.diamond();
    await flows.run(ids.a);
    expect(await jobs.relatives(ids.b ?? '', 10)).toEqual({
      dependencies: [{ id: ids.a, ref: 'a', type: 'mail', state: 'succeeded' }],
      dependents: [{ id: ids.d, ref: 'b', type: 'mail', state: 'waiting' }],
    });
    expect((await jobs.relatives(ids.a ?? '', 1)).dependents).toHaveLength(1);
    expect(await jobs.relatives('nobody', 1)).toEqual({ dependencies: [], dependents: [] });
  });
});

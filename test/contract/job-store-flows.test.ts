/** Jobs that depend on others, in both stores. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dependencies } from '../../src/protocol/execute.ts';
import type { NewJob } from '../../src/queue/job.ts';
import type { AddOutcome, JobStore } from '../../src/queue/job-store.ts';
import {
  addOne,
  brokenLinks,
  busyQueues,
  claiming,
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

describe.each(BOTH)('flows in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: JobStore;

  beforeEach(() => {
    stores = open();
    ({ jobs } = stores);
  });
  afterEach(() => stores.close());

  /** Adds a flow; answers with the ids by ref. */
  async function addFlow(members: Readonly<Record<string, Partial<NewJob>>>) {
    const requests = Object.entries(members).map(([ref, more]) => newJob({ ref, ...more }));
    const outcomes = await jobs.add(requests, NOW);
    const ids = Object.keys(members).map((ref, n) => [ref, outcomes[n]?.job.id ?? 'none']);
    return Object.fromEntries(ids) as Record<string, string>;
  }

  /** a -> b, c -> d */
  const diamond = (more: Partial<NewJob> = {}) =>
    addFlow({ a: {}, b: { after: ['a'] }, c: { after: ['a'] }, d: { after: ['b', 'c'], ...more } });

  const stateOf = async (id: string | undefined) => (await jobs.get(id ?? ''))?.state;
  const statesOf = async (ids: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(ids).map(async ([ref, id]) => [ref, await stateOf(id)] as const),
      ),
    );

  async function claimAll(now = NOW + 1_000) {
    return (await jobs.claim(claiming({ now }))).jobs;
  }

  /** Claims what is there and ends the one of this id; the others go back. */
  async function run(
    id: string | undefined,
    outcome: 'succeeded' | 'error' = 'succeeded',
    result = '1',
  ) {
    const claimed = await claimAll();
    const own = claimed.find((job) => job.id === id);
    if (own === undefined) throw new Error(`${id} was not there to run`);
    const over = outcome === 'succeeded' ? { result } : { retryable: false };
    const answers = await jobs.end([
      judged(endOfAttempt(own, outcome, over)),
      ...claimed
        .filter((job) => job !== own)
        .map((job) => judged(endOfAttempt(job, 'interrupted'))),
    ]);
    return { answer: answers[0], claimed: own };
  }

  it('holds a job back until the last one that it depends on has ended', async () => {
    const ids = await diamond();
    expect(await statesOf(ids)).toEqual({ a: 'queued', b: 'waiting', c: 'waiting', d: 'waiting' });
    expect((await jobs.get(ids.d ?? ''))?.waitsFor).toBe(2);
    expect((await claimAll()).map(({ id }) => id)).toEqual([ids.a]);
    await settle(jobs, { id: ids.a ?? '', attempt: 1 }, 'succeeded');
    expect(await statesOf(ids)).toMatchObject({ b: 'queued', c: 'queued', d: 'waiting' });
    await run(ids.b);
    expect(await stateOf(ids.d)).toBe('waiting');
    expect((await jobs.get(ids.d ?? ''))?.waitsFor).toBe(1);
    await run(ids.c);
    expect(await stateOf(ids.d)).toBe('queued');
    expect(await story(stores, ids.d ?? '')).toEqual(['waiting', 'queued']);
    expect(brokenLinks(await rowsOf(stores))).toEqual([]);
  });

  it('says what an end released, so that it can be handed out', async () => {
    const { a } = await addFlow({
      a: {},
      b: { after: ['a'], queue: 'slow', group: 'g' },
      c: { after: ['a'], runAt: NOW + 90_000 },
    });
    const { answer } = await run(a);
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
    const ids = await diamond();
    const waiting = async () => [
      (await jobs.totals()).waiting,
      busyQueues(await jobs.queues())[0]?.counts.waiting ?? 0,
    ];
    expect(await waiting()).toEqual([3, 3]);
    expect(await jobs.list({ state: 'waiting', limit: 10 })).toMatchObject({
      jobs: [{ id: ids.d }, { id: ids.c }, { id: ids.b }],
    });
    await run(ids.a);
    expect(await waiting()).toEqual([1, 1]);
    await jobs.cancel(ids.d ?? '', NOW);
    expect(await waiting()).toEqual([0, 0]);
    expect(await jobs.totals()).toMatchObject({ cancelled: 1, queued: 2 });
  });

  it('waits for the end, not for an attempt', async () => {
    const ids = await addFlow({ a: { retries: 1 }, b: { after: ['a'] } });
    const [first] = await claimAll();
    await settle(jobs, first ?? { id: '', attempt: 0 }, 'error');
    expect(await statesOf(ids)).toEqual({ a: 'retrying', b: 'waiting' });
    await jobs.promote(NOW + 600_000, 10);
    const [second] = await claimAll();
    await settle(jobs, second ?? { id: '', attempt: 0 }, 'crash');
    expect(await statesOf(ids)).toEqual({ a: 'queued', b: 'waiting' });
    await run(ids.a);
    expect(await statesOf(ids)).toEqual({ a: 'succeeded', b: 'queued' });
  });

  describe('when one does not succeed', () => {
    it('fail: the others fail with it at once, all the way down, and name it', async () => {
      const ids = await diamond();
      await run(ids.a, 'error');
      expect(await statesOf(ids)).toEqual({ a: 'failed', b: 'failed', c: 'failed', d: 'failed' });
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
      const ids = await addFlow({ a: {}, b: {}, c: { after: ['a', 'b'] } });
      await run(ids.b, 'error');
      expect(await statesOf(ids)).toEqual({ a: 'queued', b: 'failed', c: 'failed' });
      await run(ids.a);
      expect(await stateOf(ids.c)).toBe('failed');
    });

    it('cancel: the job is cancelled, and that is told on', async () => {
      const ids = await addFlow({
        a: {},
        b: { after: ['a'], onDependencyFailure: 'cancel' },
        c: { after: ['b'] },
        d: { after: ['b'], onDependencyFailure: 'continue' },
      });
      await run(ids.a, 'error');
      expect(await statesOf(ids)).toEqual({
        ...{ a: 'failed', b: 'cancelled', c: 'failed', d: 'queued' },
      });
      expect(await jobs.get(ids.b ?? '')).toMatchObject({ reason: 'dependency' });
      expect(await jobs.get(ids.c ?? '')).toMatchObject({
        error: { message: `it depends on job ${ids.b} (mail), which was cancelled` },
      });
    });

    it('continue: it runs when all have ended, however they did', async () => {
      const ids = await addFlow({
        a: {},
        b: {},
        c: { after: ['a', 'b'], onDependencyFailure: 'continue' },
      });
      await run(ids.a, 'error');
      expect(await stateOf(ids.c)).toBe('waiting');
      const { answer } = await run(ids.b);
      expect(answer).toMatchObject({ released: [{ type: 'mail' }] });
      expect(await stateOf(ids.c)).toBe('queued');
    });

    it('a cancelled one did not succeed, whether it was waiting, queued or running', async () => {
      for (const way of ['waiting', 'queued', 'running']) {
        const ids = await addFlow({
          first: {},
          a: way === 'waiting' ? { after: ['first'] } : {},
          b: { after: ['a'] },
          c: { after: ['a'], onDependencyFailure: 'continue' },
        });
        const a = ids.a ?? '';
        if (way === 'running') {
          await claimAll();
          await jobs.cancel(a, NOW);
          expect(await stateOf(ids.b)).toBe('waiting');
          await settle(jobs, { id: a, attempt: 1 }, 'cancelled');
        } else {
          expect(await jobs.cancel(a, NOW)).toMatchObject({
            kind: 'cancelled',
            released: [{ type: 'mail' }],
          });
        }
        expect(await statesOf(ids)).toMatchObject({ a: 'cancelled', b: 'failed', c: 'queued' });
      }
    });

    it('a chain of thousands falls in one end', async () => {
      const count = 3_000;
      const members = Array.from({ length: count }, (_, n) =>
        newJob({ ref: `r${n}`, after: n === 0 ? [] : [`r${n - 1}`] }),
      );
      const outcomes = await jobs.add(members, NOW);
      await run(outcomes[0]?.job.id, 'error');
      expect(await jobs.totals()).toMatchObject({ failed: count, waiting: 0 });
    });
  });

  describe('adding', () => {
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
      await run(done);
      const live = await addOne(jobs);
      const after = await addOne(jobs, { after: [done] });
      expect(await stateOf(after)).toBe('queued');
      const waiting = await addOne(jobs, { after: [done, live] });
      expect(await jobs.get(waiting)).toMatchObject({ state: 'waiting', waitsFor: 1 });
      await run(live);
      expect(await stateOf(waiting)).toBe('queued');
    });

    it('ends a job at once that depends on one that failed before', async () => {
      const bad = await addOne(jobs);
      await run(bad, 'error');
      const add = async (over: Partial<NewJob>) =>
        (await jobs.add([newJob({ after: [bad], ...over })], NOW))[0]?.job;
      expect(await add({})).toMatchObject({ state: 'failed', reason: 'dependency' });
      expect(await add({ onDependencyFailure: 'cancel' })).toMatchObject({ state: 'cancelled' });
      expect(await add({ onDependencyFailure: 'continue' })).toMatchObject({ state: 'queued' });
      const ids = await addFlow({ x: { after: [bad] }, y: { after: ['x'] } });
      expect(await statesOf(ids)).toEqual({ x: 'failed', y: 'failed' });
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
      expect(await stateOf(child)).toBe('waiting');
      await run(first?.job.id);
      expect(await stateOf(child)).toBe('queued');
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
      await run(outcomes[0]?.job.id);
      expect(await stateOf(outcomes[2]?.job.id)).toBe('queued');
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
      const ids = await addFlow({ a: {}, b: { after: ['a'], delayMs: 5_000 } });
      expect((await jobs.get(ids.b ?? ''))?.runAt).toBeNull();
      // Ends at NOW + 2 s.
      await run(ids.a);
      expect(await jobs.get(ids.b ?? '')).toMatchObject({
        state: 'scheduled',
        runAt: NOW + 7_000,
      });
      await jobs.promote(NOW + 7_000, 10);
      expect(await stateOf(ids.b)).toBe('queued');
    });

    it('does not let a waiting job run because its own time has come', async () => {
      const ids = await addFlow({ a: {}, b: { after: ['a'], runAt: NOW + 1_000 } });
      expect(await jobs.nextDue()).toBeNull();
      expect(await jobs.promote(NOW + 60_000, 10)).toEqual([]);
      expect(await jobs.get(ids.b ?? '')).toMatchObject({ state: 'waiting', runAt: NOW + 1_000 });
      await run(ids.a);
      expect(await jobs.get(ids.b ?? '')).toMatchObject({ state: 'queued', runAt: null });
    });
  });

  describe('starting over', () => {
    it('a plain retry leaves the others as they ended', async () => {
      const ids = await diamond();
      await run(ids.a, 'error');
      expect(await jobs.retry(ids.a ?? '', NOW)).toEqual({ kind: 'queued', lane: MAIL });
      await run(ids.a);
      expect(await statesOf(ids)).toEqual({
        ...{ a: 'succeeded', b: 'failed', c: 'failed', d: 'failed' },
      });
    });

    it('with its dependents, those that ended for it wait for it again', async () => {
      const ids = await diamond({ onDependencyFailure: 'cancel' });
      const bystander = await addOne(jobs);
      await run(bystander, 'error');
      await run(ids.a, 'error');
      expect(await jobs.retry(ids.a ?? '', NOW, { dependents: true })).toMatchObject({
        kind: 'queued',
        dependents: 3,
      });
      expect(await statesOf(ids)).toEqual({
        ...{ a: 'queued', b: 'waiting', c: 'waiting', d: 'waiting' },
      });
      for (const ref of ['a', 'b', 'c', 'd']) await run(ids[ref]);
      expect(await statesOf(ids)).toEqual({
        ...{ a: 'succeeded', b: 'succeeded', c: 'succeeded', d: 'succeeded' },
      });
      expect(await stateOf(bystander)).toBe('failed');
      expect(await jobs.totals()).toMatchObject({ waiting: 0 });
      expect(brokenLinks(await rowsOf(stores))).toEqual([]);
    });

    it('leaves those ended that another one fails as well', async () => {
      const ids = await addFlow({ a: {}, b: {}, c: { after: ['a', 'b'] } });
      await run(ids.a, 'error');
      await run(ids.b, 'error');
      const retry = (ref: string) => jobs.retry(ids[ref] ?? '', NOW, { dependents: true });
      expect(await retry('a')).toMatchObject({ dependents: 0 });
      expect(await stateOf(ids.c)).toBe('failed');
      expect(await retry('b')).toMatchObject({ dependents: 1 });
      expect((await jobs.get(ids.c ?? ''))?.waitsFor).toBe(2);
      await run(ids.a);
      await run(ids.b);
      expect(await stateOf(ids.c)).toBe('queued');
    });

    it('finds those that came after it had failed, too', async () => {
      const bad = await addOne(jobs);
      await run(bad, 'error');
      const child = await addOne(jobs, { after: [bad] });
      expect(await jobs.retry(bad, NOW, { dependents: true })).toMatchObject({ dependents: 1 });
      expect(await stateOf(child)).toBe('waiting');
      await run(bad);
      expect(await stateOf(child)).toBe('queued');
    });

    it('leaves a job ended whose unique key was taken meanwhile', async () => {
      const ids = await addFlow({ a: {}, b: { after: ['a'], uniqueKey: 'k' } });
      await run(ids.a, 'error');
      await addOne(jobs, { uniqueKey: 'k' });
      expect(await jobs.retry(ids.a ?? '', NOW, { dependents: true })).toMatchObject({
        dependents: 0,
      });
      expect(await stateOf(ids.b)).toBe('failed');
    });

    it('a job that failed for another runs without it', async () => {
      const ids = await addFlow({ a: {}, b: { after: ['a'] } });
      await run(ids.a, 'error');
      expect(await jobs.retry(ids.b ?? '', NOW)).toMatchObject({ kind: 'queued' });
      expect(await stateOf(ids.b)).toBe('queued');
    });

    it('but waits for those that have not ended', async () => {
      const ids = await addFlow({ a: {}, b: {}, c: { after: ['a', 'b'] } });
      await run(ids.a, 'error');
      expect(await jobs.retry(ids.c ?? '', NOW)).toMatchObject({ kind: 'waiting' });
      expect(await jobs.get(ids.c ?? '')).toMatchObject({ state: 'waiting', waitsFor: 1 });
      await run(ids.b);
      expect(await stateOf(ids.c)).toBe('queued');
    });

    it('a job that runs again is not waited for twice', async () => {
      const ids = await addFlow({
        a: {},
        b: {},
        c: { after: ['a', 'b'], onDependencyFailure: 'continue' },
      });
      await run(ids.a, 'error');
      await jobs.retry(ids.a ?? '', NOW);
      await run(ids.a);
      expect((await jobs.get(ids.c ?? ''))?.waitsFor).toBe(1);
      await run(ids.b);
      expect(await stateOf(ids.c)).toBe('queued');
    });
  });

  describe('what is handed down', () => {
    const handed = (text: string | null | undefined) => JSON.parse(text ?? 'null') as Dependencies;

    it('is how each has ended, in the order of `after`, results as they are stored', async () => {
      const ids = await addFlow({
        a: {},
        b: {},
        c: {},
        d: { after: ['c', 'a', 'b'], onDependencyFailure: 'continue' },
      });
      await run(ids.a, 'succeeded', '{"n":1,"text":"ä\\n"}');
      await run(ids.b, 'error');
      await jobs.cancel(ids.c ?? '', NOW);
      const { claimed } = await run(ids.d);
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
      expect((await run(first)).claimed.dependencies).toBeNull();
      const second = await addOne(jobs, { after: [first] });
      expect(handed((await run(second)).claimed.dependencies).results).toMatchObject([
        { id: first, ref: null },
      ]);
    });

    it('comes with every attempt, and tells what a repeated one came to', async () => {
      const ids = await addFlow({ a: {}, b: { after: ['a'], onDependencyFailure: 'continue' } });
      await run(ids.a, 'error');
      const [first] = await claimAll();
      expect(handed(first?.dependencies)).toMatchObject({ failed: 1, succeeded: 0 });
      await jobs.retry(ids.a ?? '', NOW);
      await settle(jobs, first ?? { id: '', attempt: 0 }, 'interrupted');
      await run(ids.a, 'succeeded', '"at last"');
      const { claimed } = await run(ids.b);
      expect(handed(claimed.dependencies)).toMatchObject({
        ...{ total: 1, failed: 0, succeeded: 1 },
        results: [{ result: 'at last', state: 'succeeded' }],
      });
    });

    it('has at most a thousand results, and the whole count', async () => {
      const many = Array.from({ length: 1_005 }, (_, n) => newJob({ ref: `r${n}` }));
      const outcomes = await jobs.add(
        [...many, newJob({ after: many.map(({ ref }) => ref ?? '') })],
        NOW,
      );
      const claimed = (await jobs.claim(claiming({ limit: 2_000 }))).jobs;
      await jobs.end(claimed.map((job) => judged(endOfAttempt(job, 'succeeded'))));
      const { claimed: last } = await run(outcomes.at(-1)?.job.id);
      const { total, results } = handed(last.dependencies);
      expect([total, results.length]).toEqual([1_005, 1_000]);
    });
  });

  it('tells how the dependencies of a job stand', async () => {
    const ids = await addFlow({
      ...{ a: {}, b: {}, c: {} },
      d: { after: ['a', 'b', 'c'], onDependencyFailure: 'continue' },
    });
    await run(ids.a);
    await run(ids.b, 'error');
    expect(await jobs.countDependencies(ids.d ?? '')).toEqual({
      ...{ total: 3, unfinished: 1, succeeded: 1, failed: 1, cancelled: 0 },
    });
    expect(await jobs.countDependencies(ids.a ?? '')).toBeUndefined();
    expect(await jobs.countDependencies('nobody')).toBeUndefined();
  });

  it('shows the jobs on either side of one', async () => {
    const ids = await diamond();
    await run(ids.a);
    expect(await jobs.relatives(ids.b ?? '', 10)).toEqual({
      dependencies: [{ id: ids.a, ref: 'a', type: 'mail', state: 'succeeded' }],
      dependents: [{ id: ids.d, ref: 'b', type: 'mail', state: 'waiting' }],
    });
    expect((await jobs.relatives(ids.a ?? '', 1)).dependents).toHaveLength(1);
    expect(await jobs.relatives('nobody', 1)).toEqual({ dependencies: [], dependents: [] });
  });
});

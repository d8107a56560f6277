/** Flows over the control API and the execute protocol: what is handed out when, and what is handed down with it. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Assignment } from '../../src/protocol/execute.ts';
import type { AddedBatch, AddedJob } from '../../src/protocol/jobs.ts';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';
import type { ScriptedExecutor } from './scripted-executor.ts';

const { current, executor } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

/** The attempt of this job, once it is handed out. */
async function attemptOf(on: ScriptedExecutor, id: string): Promise<Assignment> {
  await on.until(() => on.assigned.some((one) => one.id === id), `job ${id}`);
  return on.assigned.findLast((one) => one.id === id) as Assignment;
}

async function add(...jobs: readonly object[]): Promise<readonly string[]> {
  const { status, body } = await core.post('/v1/jobs', jobs);
  expect(status).toBe(201);
  return (body as readonly AddedJob[]).map(({ id }) => id);
}

const mail = (ref: string, ...after: string[]) => ({ type: 'mail', ref, after });

describe('a diamond', () => {
  it('runs from its top to its bottom, each with the results of those before it', async () => {
    const one = await executor();
    const [a = '', b = '', c = '', d = ''] = await add(
      mail('a'),
      mail('b', 'a'),
      mail('c', 'a'),
      mail('d', 'b', 'c'),
    );
    expect(await attemptOf(one, a)).not.toHaveProperty('dependencies');
    expect(one.assigned).toHaveLength(1);
    one.end({ id: a, attempt: 1, result: { rows: [1, 'ä'] } });
    for (const id of [b, c]) {
      expect(await attemptOf(one, id)).toMatchObject({
        payload: null,
        dependencies: {
          ...{ total: 1, succeeded: 1, failed: 0, cancelled: 0 },
          results: [
            {
              ...{ id: a, ref: 'a', type: 'mail', state: 'succeeded', error: null },
              result: { rows: [1, 'ä'] },
            },
          ],
        },
      });
    }
    one.end({ id: b, attempt: 1, result: 'left' });
    await one.confirms({ id: b, attempt: 1 });
    expect(await core.job(d)).toMatchObject({
      ...{ state: 'waiting', waitsFor: 1 },
      dependencies: { total: 2, unfinished: 1, succeeded: 1, failed: 0, cancelled: 0 },
    });
    one.end({ id: c, attempt: 1, result: 'right' });
    const last = await attemptOf(one, d);
    expect(last.dependencies?.results.map(({ ref, result }) => [ref, result])).toEqual([
      ['b', 'left'],
      ['c', 'right'],
    ]);
    one.end({ id: d, attempt: 1 });
    expect(await core.ended(d)).toMatchObject({ state: 'succeeded' });
  });

  it('goes on where it was when the core comes back', async () => {
    const one = await executor();
    const [a = '', b = ''] = await add(mail('a'), mail('b', 'a'));
    const held = await attemptOf(one, a);
    await core.sleep();
    await core.wake();
    expect((await core.get('/v1/status')).body.jobs).toMatchObject({ waiting: 1, running: 1 });
    await one.connect([held]);
    one.end(held);
    expect((await attemptOf(one, b)).dependencies).toMatchObject({ succeeded: 1 });
  });

  it('is released by the end of a crashed one, too', async () => {
    const [a = '', b = ''] = await add(mail('a'), {
      ...mail('b', 'a'),
      onDependencyFailure: 'continue',
    });
    for (let crash = 1; crash <= 3; crash += 1) {
      const one = await executor();
      await one.until(
        () => one.assigned.some(({ id, attempt }) => id === a && attempt === crash),
        `attempt ${crash}`,
      );
      await one.die();
    }
    expect(await core.ended(a)).toMatchObject({ state: 'failed', reason: 'crash' });
    const next = await attemptOf(await executor(), b);
    expect(next.dependencies).toMatchObject({ failed: 1, results: [{ id: a, state: 'failed' }] });
  });

  it('counts a delay from the release', async () => {
    const one = await executor();
    const [a = '', b = ''] = await add(mail('a'), { ...mail('b', 'a'), delayMs: 60_000 });
    const before = Date.now();
    one.end(await attemptOf(one, a));
    await expect.poll(async () => (await core.job(b)).state, { timeout: 20_000 }).toBe('scheduled');
    const { runAt } = await core.job(b);
    expect(Date.parse(runAt ?? '')).toBeGreaterThanOrEqual(before + 60_000);
  });
});

describe('a job that is cancelled', () => {
  it('takes those with it that depend on it, before it started or while it ran', async () => {
    const one = await executor({ slots: 1 });
    const [a = '', b = '', c = ''] = await add(mail('a'), mail('b', 'a'), mail('c', 'b'));
    const running = await attemptOf(one, a);
    await core.post(`/v1/jobs/${a}/cancel`);
    expect((await core.job(c)).state).toBe('waiting');
    one.end({ ...running, outcome: 'cancelled' });
    expect(await core.ended(c)).toMatchObject({ state: 'failed', reason: 'dependency' });
    expect((await core.job(b)).error?.message).toContain(`job ${a} (mail), which was cancelled`);
    const [x = '', y = ''] = await add({ ...mail('x'), delayMs: 60_000 }, mail('y', 'x'));
    await core.post(`/v1/jobs/${x}/cancel`);
    expect(await core.job(y)).toMatchObject({ state: 'failed', reason: 'dependency' });
  });

  it('lets go of what waited for it and goes on', async () => {
    const one = await executor();
    const [x = '', y = ''] = await add(
      { ...mail('x'), delayMs: 60_000 },
      { ...mail('y', 'x'), onDependencyFailure: 'continue' },
    );
    await core.post(`/v1/jobs/${x}/cancel`);
    expect((await attemptOf(one, y)).dependencies).toMatchObject({ cancelled: 1 });
  });
});

it('a retry with its dependents revives what had failed for it', async () => {
  const one = await executor();
  const [a = '', b = ''] = await add(mail('a'), mail('b', 'a'));
  one.end({ ...(await attemptOf(one, a)), outcome: 'error', retryable: false });
  expect(await core.ended(b)).toMatchObject({ state: 'failed' });
  const { status } = await core.post(`/v1/jobs/${a}/retry?dependents=true`);
  expect(status).toBe(200);
  expect((await core.job(b)).state).toBe('waiting');
  await one.until(() => one.assigned.some(({ id, attempt }) => id === a && attempt === 2), 'again');
  one.end({ id: a, attempt: 2, result: 'now' });
  expect((await attemptOf(one, b)).dependencies?.results).toMatchObject([{ result: 'now' }]);
});

describe('a batch', () => {
  async function addBatch(jobs: readonly object[], callback: object): Promise<AddedBatch> {
    const { status, body } = await core.post('/v1/batches', { jobs, callback });
    expect(status).toBe(201);
    return body;
  }

  it('runs its callback when all have ended, though some failed', async () => {
    const one = await executor({ types: ['mail', 'scan'] });
    const batch = await addBatch([mail('a'), { type: 'mail' }, { type: 'mail' }], { type: 'scan' });
    expect(batch.callback).toMatchObject({ type: 'scan', state: 'waiting' });
    expect((await core.job(batch.callback.id)).waitsFor).toBe(3);
    const [a = '', b = '', c = ''] = batch.jobs;
    one.end({ ...(await attemptOf(one, a)), result: 1 });
    one.end({ ...(await attemptOf(one, b)), outcome: 'error', retryable: false });
    await one.confirms({ id: b, attempt: 1 });
    expect(one.assigned.map(({ type }) => type)).not.toContain('scan');
    expect((await core.job(batch.callback.id)).dependencies).toMatchObject({
      ...{ total: 3, unfinished: 1, succeeded: 1, failed: 1 },
    });
    one.end({ ...(await attemptOf(one, c)), result: 3 });
    const { dependencies } = await attemptOf(one, batch.callback.id);
    expect(dependencies).toMatchObject({ total: 3, succeeded: 2, failed: 1 });
    expect(dependencies?.results.map(({ id, state }) => [id, state])).toEqual([
      [a, 'succeeded'],
      [b, 'failed'],
      [c, 'succeeded'],
    ]);
  });

  it('of no jobs runs its callback at once', async () => {
    const one = await executor();
    const { callback, jobs } = await addBatch([], { type: 'mail' });
    expect(jobs).toEqual([]);
    expect((await attemptOf(one, callback.id)).id).toBe(callback.id);
  });

  it('may wait for other jobs too, and may fail with the first one', async () => {
    const other = (await core.add('mail')).id;
    const batch = await addBatch([{ type: 'mail' }], {
      ...{ type: 'scan', after: [other], onDependencyFailure: 'fail' },
    });
    expect((await core.job(batch.callback.id)).waitsFor).toBe(2);
    await core.post(`/v1/jobs/${other}/cancel`);
    expect((await core.job(batch.callback.id)).state).toBe('failed');
  });

  it('is added whole or not at all, once for its key', async () => {
    const refused = await core.post('/v1/batches', {
      jobs: [{ type: 'mail' }, { type: 'nobody' }],
      callback: { type: 'mail' },
    });
    expect([refused.status, refused.body.code]).toEqual([422, 'E_UNKNOWN_TYPE']);
    const wrong = await core.post('/v1/batches', { jobs: [{ type: 'mail', ref: 7 }] });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'E_INVALID_REQUEST']);
    expect((await core.get('/v1/jobs')).body.jobs).toEqual([]);
  });

  it('has at most 10,000 jobs beside its callback', async () => {
    const jobs = Array.from({ length: 10_001 }, () => ({ type: 'mail' }));
    const { status, body } = await core.post('/v1/batches', { jobs, callback: { type: 'scan' } });
    expect([status, body.code]).toEqual([413, 'E_PAYLOAD_TOO_LARGE']);
    const batch = await addBatch(jobs.slice(1), { type: 'scan' });
    expect((await core.job(batch.callback.id)).waitsFor).toBe(10_000);
  }, 60_000);
});

describe('the jobs around one', () => {
  it('are shown on either side', async () => {
    const [a = '', b = '', c = ''] = await add(mail('a'), mail('b', 'a'), mail('c', 'b'));
    expect((await core.get(`/v1/jobs/${b}/dependencies`)).body).toEqual({
      dependencies: [{ id: a, ref: 'a', type: 'mail', state: 'queued' }],
      dependents: [{ id: c, ref: 'b', type: 'mail', state: 'waiting' }],
    });
    expect(await core.job(a)).not.toHaveProperty('dependencies');
  });

  it('of a job that is not there are not found', async () => {
    const { status, body } = await core.get('/v1/jobs/17/dependencies');
    expect([status, body.code]).toEqual([404, 'E_NOT_FOUND']);
  });
});

it.each([
  [[mail('a', 'b'), mail('b', 'a')], 400, 'E_INVALID_REQUEST', /a after b after a/],
  [[mail('a'), mail('a')], 400, 'E_INVALID_REQUEST', /names two jobs/],
  [[mail('a', '17')], 404, 'E_NOT_FOUND', /no job 17 to depend on/],
])('a flow that cannot be is refused in words (%#)', async (jobs, ...expected) => {
  const { status, body } = await core.post('/v1/jobs', jobs);
  expect([status, body.code, body.title]).toEqual([
    expected[0],
    expected[1],
    expect.stringMatching(expected[2]),
  ]);
  expect((await core.get('/v1/jobs')).body.jobs).toEqual([]);
});

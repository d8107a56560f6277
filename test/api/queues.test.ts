import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AwakeCore, answerOf } from '../core/awake-core.ts';
import { ScriptedExecutor } from '../core/scripted-executor.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start();
  core.knowType('mail');
});
afterEach(() => core.dispose());

test('queues are counted by state, and those that are paused are shown though they are empty', async () => {
  await core.post('/v1/jobs', [
    { type: 'mail' },
    { type: 'mail', queue: 'fast' },
    { type: 'mail', queue: 'fast', delayMs: 60_000 },
  ]);
  expect(await core.post('/v1/queues/night/pause')).toMatchObject({
    status: 200,
    body: { name: 'night', paused: true },
  });
  const { queues } = (await core.get('/v1/queues')).body;
  const none = { waiting: 0, scheduled: 0, queued: 0, running: 0, retrying: 0 };
  expect(
    queues.toSorted((a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)),
  ).toMatchObject([
    { name: 'default', mode: 'open', paused: false, jobs: { ...none, queued: 1 } },
    { name: 'fast', mode: 'open', paused: false, jobs: { ...none, queued: 1, scheduled: 1 } },
    { name: 'night', mode: 'paused', paused: true, jobs: none },
  ]);
});

test('pause and resume may come twice', async () => {
  for (const _ of [1, 2]) expect((await core.post('/v1/queues/fast/pause')).body.paused).toBe(true);
  for (const _ of [1, 2])
    expect((await core.post('/v1/queues/fast/resume')).body.paused).toBe(false);
});

test('a name that no queue can have is refused', async () => {
  for (const name of ['a%20b', '%2e%2e%2f', 'x'.repeat(101)]) {
    expect(await core.post(`/v1/queues/${name}/pause`)).toMatchObject({
      status: 400,
      body: { code: 'E_INVALID_REQUEST' },
    });
  }
});

test('a queue that is drained takes no jobs, runs what it has, and tells when it is empty; also over a restart', async () => {
  const { id } = await core.add('mail', { queue: 'fast' });
  expect((await core.post('/v1/queues/fast/drain')).body).toMatchObject({
    ...{ name: 'fast', mode: 'draining', paused: false, jobs: { queued: 1 } },
  });
  expect(await core.post('/v1/jobs', { type: 'mail', queue: 'fast' })).toMatchObject({
    status: 503,
    body: { code: 'E_UNAVAILABLE', hint: expect.stringContaining('queue resume fast') },
  });
  await core.sleep();
  await core.wake();
  expect((await core.post('/v1/jobs', { type: 'mail', queue: 'fast' })).status).toBe(503);
  expect((await core.get('/v1/queues/fast/wait?timeout=0.05')).body.jobs.queued).toBe(1);
  const empty = core.get('/v1/queues/fast/wait?timeout=20');
  const executor = await ScriptedExecutor.start(core.socketPath);
  await executor.runs(1);
  executor.end({ id, attempt: 1 });
  expect((await empty).body).toMatchObject({ mode: 'draining', jobs: { queued: 0, running: 0 } });
  expect((await core.post('/v1/queues/fast/resume')).body.mode).toBe('open');
  expect((await core.post('/v1/jobs', { type: 'mail', queue: 'fast' })).status).toBe(201);
  await executor.dispose();
});

test('an add that was taken before the queue was drained is answered again by its key', async () => {
  const once = () => askWithKey('/v1/jobs', { type: 'mail', queue: 'fast' }, 'k1');
  const first = await once();
  expect(first.status).toBe(201);
  await core.post('/v1/queues/fast/drain');
  expect((await once()).body.id).toBe(first.body.id);
});

test('a wait for an empty queue is cut off by the end of the daemon', async () => {
  await core.add('mail', { queue: 'fast' });
  const waiting = core.get('/v1/queues/fast/wait?timeout=60');
  await core.get('/healthz');
  await core.sleep();
  expect((await waiting).body.jobs.queued).toBe(1);
});

function askWithKey(target: string, body: unknown, key: string) {
  const text = JSON.stringify(body);
  const headers = { 'content-length': Buffer.byteLength(text), 'idempotency-key': key };
  const asking = request({ socketPath: core.socketPath, method: 'POST', path: target, headers });
  asking.end(text);
  return answerOf(asking);
}

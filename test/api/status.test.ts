import { statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { AwakeCore } from '../core/awake-core.ts';
import { ScriptedExecutor } from '../core/scripted-executor.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start();
  core.knowType('mail');
});
afterEach(() => core.dispose());

test('status is ready when every process of its supervisor works or stands by', async () => {
  expect((await core.get('/v1/status')).body).toMatchObject({ ready: false, processes: [] });
  const one = { role: 'core', pid: 5, state: 'ready', restarts: 0, since: null } as const;
  core.processes = [one, { ...one, role: 'gateway', pid: 6, state: 'standby' }];
  expect((await core.get('/v1/status')).body).toMatchObject({
    ready: true,
    processes: core.processes,
  });
  core.processes = [one, { ...one, role: 'executor', pid: null, state: 'backoff' }];
  expect((await core.get('/v1/status')).body.ready).toBe(false);
});

test('status shows what other supervisors connected, and where their gateway listens', async () => {
  const listen = { address: '0.0.0.0', port: 8081, path: '/ws' };
  const query = new URLSearchParams({
    role: 'gateway',
    pid: '4711',
    supervisor: '4700',
    listen: JSON.stringify(listen),
  });
  const gateway = new WebSocket(`ws+unix:${core.socketPath}:/v1/events?${query}`);
  await new Promise((resolve) => gateway.once('open', resolve));
  const executor = await ScriptedExecutor.start(core.socketPath);
  const { processes, gateway: shown } = (await core.get('/v1/status')).body;
  expect(shown).toEqual(listen);
  expect(processes.map(({ role, pid }: { role: string; pid: number }) => [role, pid])).toEqual([
    ['executor', executor.process.pid],
    ['gateway', 4711],
  ]);
  gateway.terminate();
  await executor.dispose();
  await expect.poll(async () => (await core.get('/v1/status')).body.gateway).toBeNull();
});

test('a peer that introduces itself badly is a peer all the same', async () => {
  const socket = new WebSocket(
    `ws+unix:${core.socketPath}:/v1/events?role=gateway&pid=x&listen=%7B`,
  );
  await new Promise((resolve) => socket.once('open', resolve));
  expect((await core.get('/v1/status')).body).toMatchObject({ gateway: null });
  socket.terminate();
});

test('jobs are counted by state, the finished ones since the database was made', async () => {
  const executor = await ScriptedExecutor.start(core.socketPath);
  const { id } = await core.add('mail');
  await core.add('mail', { delayMs: 60_000 });
  await executor.runs(1);
  expect((await core.get('/v1/status')).body.jobs).toMatchObject({
    running: 1,
    scheduled: 1,
    succeeded: 0,
  });
  executor.end({ id, attempt: 1 });
  await executor.confirms({ id, attempt: 1 });
  await executor.dispose();
  await core.sleep();
  await core.wake();
  expect((await core.get('/v1/status')).body.jobs).toEqual({
    waiting: 0,
    ...{ scheduled: 1, queued: 0, running: 0, retrying: 0, succeeded: 1, failed: 0, cancelled: 0 },
  });
});

test('without a receiver the reports are off, and nothing is pending', async () => {
  const { id } = await core.add('mail', { delayMs: 60_000 });
  await core.post(`/v1/jobs/${id}/cancel`);
  expect((await core.get('/v1/report')).body).toMatchObject({ state: 'off', url: null });
  expect((await core.post('/v1/report/retry')).status).toBe(200);
});

test('what the core makes is for its own user alone', async () => {
  const mode = (name: string) => statSync(path.join(core.directory, name)).mode & 0o077;
  expect(mode('control.sock')).toBe(0);
});

test('details are told to who asks for them: queues, cursors, disk, processes, runtime', async () => {
  expect((await core.get('/v1/status')).body).not.toHaveProperty('details');
  core.processes = [{ role: 'core', pid: process.pid, state: 'ready', restarts: 0, since: null }];
  await core.add('mail', { queue: 'post', delayMs: 60_000 });
  const { details } = (await core.get('/v1/status?details=1')).body;
  expect(details).toMatchObject({
    queues: [{ name: 'default' }, { name: 'post', jobs: { scheduled: 1 } }],
    disk: { databaseBytes: expect.any(Number), walBytes: expect.any(Number) },
    vitals: [{ pid: process.pid }],
    troubles: [],
    runtime: {
      node: process.versions.node,
      pragmas: { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, trusted_schema: 0 },
    },
  });
  expect(details.disk.databaseBytes).toBeGreaterThan(0);
  expect(details.disk.freeBytes).toBeGreaterThan(0);
});

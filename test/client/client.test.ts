import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type TaskbellClient } from '../../src/client/client.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';
import type { JobRequest } from '../../src/protocol/jobs.ts';
import { ControlServer } from './control-server.ts';
import { eventually } from './eventually.ts';

let server: ControlServer;
let client: TaskbellClient;

beforeEach(async () => {
  server = await ControlServer.create();
  client = connect({ socket: server.socketPath });
});

afterEach(async () => {
  await client.close();
  await server.dispose();
});

const posts = () => server.asked.filter((one) => one.method === 'POST' && one.path === '/v1/jobs');

test('adding a job resolves with what the daemon accepted', async () => {
  const job = await client.add('mail', { to: 'ada' }, { queue: 'fast', priority: 3 });
  expect(job).toMatchObject({ id: '1', type: 'mail', queue: 'fast', duplicate: false });
  expect(posts()[0]?.body).toEqual({
    type: 'mail',
    payload: { to: 'ada' },
    queue: 'fast',
    priority: 3,
  });
});

test('adds of one event-loop turn travel as one request, in their order', async () => {
  const jobs = await Promise.all(Array.from({ length: 64 }, (_, i) => client.add('mail', i)));
  expect(posts()).toHaveLength(1);
  expect(jobs.map((job) => job.id)).toEqual(Array.from({ length: 64 }, (_, i) => String(i + 1)));
  expect(server.job('64').payload).toBe(63);
});

test('a job that is refused does not fail its neighbours', async () => {
  const types = ['mail', 'mail', 'unknown', 'mail', 'mail', 'unknown2', 'mail'];
  const results = await Promise.allSettled(types.map((type, i) => client.add(type, i)));
  const outcomes = results.map((one) => (one.status === 'fulfilled' ? 'ok' : one.reason.code));
  expect(outcomes).toEqual(['ok', 'ok', 'E_UNKNOWN_TYPE', 'ok', 'ok', 'E_UNKNOWN_TYPE', 'ok']);
  expect([...server.jobs.values()].map((job) => job.payload)).toEqual([0, 1, 3, 4, 6]);
});

test('a batch that the daemon could not take for reasons of its own is not split', async () => {
  server.routes.set('POST /v1/jobs', () => {
    throw new TaskbellError('E_DISK_FULL', 'The disk is full.');
  });
  const results = await Promise.allSettled([client.add('a'), client.add('b')]);
  expect(results.map((one) => one.status)).toEqual(['rejected', 'rejected']);
  expect(posts()).toHaveLength(1);
});

test('a payload that is too large fails alone and never reaches the daemon', async () => {
  const large = client.add('mail', 'x'.repeat(1_048_577));
  const small = client.add('mail', 'y'.repeat(1_048_574));
  await expect(large).rejects.toMatchObject({ code: 'E_PAYLOAD_TOO_LARGE' });
  await expect(small).resolves.toMatchObject({ id: '1' });
});

test('JSON that is nested too deeply is refused as such, and fails alone', async () => {
  const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
  const refused = { code: 'E_INVALID_REQUEST', message: expect.stringContaining('too deeply') };
  const bad = client.add('mail', deep);
  const good = client.add('mail');
  await expect(bad).rejects.toMatchObject(refused);
  await expect(good).resolves.toMatchObject({ id: '1' });
  await expect(client.addMany([{ type: 'mail', payload: deep }])).rejects.toMatchObject(refused);
  const event = { type: 'issueUpdate', id: 'a', data: [deep] };
  await expect(client.publish(event)).rejects.toMatchObject(refused);
});

test('addMany adds all or nothing', async () => {
  const requests: JobRequest[] = [{ type: 'mail' }, { type: 'unknown' }];
  await expect(client.addMany(requests)).rejects.toMatchObject({
    code: 'E_UNKNOWN_TYPE',
    hint: 'Add one.',
  });
  expect(server.jobs.size).toBe(0);
  expect(await client.addMany([{ type: 'a' }, { type: 'b' }])).toHaveLength(2);
});

test('addMany refuses more jobs than the daemon takes at once', async () => {
  const many = Array.from({ length: 10_001 }, () => ({ type: 'mail' }));
  await expect(client.addMany(many)).rejects.toMatchObject({ code: 'E_PAYLOAD_TOO_LARGE' });
});

test('get, list, cancel, retry and logs ask the routes that carry these names', async () => {
  server.routes.set('GET /v1/jobs/:id/logs', () => ({ lines: [], dropped: 2 }));
  await client.add('mail');
  expect(await client.get('1')).toMatchObject({ id: '1', state: 'queued' });
  expect((await client.list({ state: 'queued', limit: 5 })).jobs).toHaveLength(1);
  expect(Object.fromEntries(server.asked.at(-1)?.query ?? [])).toEqual({
    state: 'queued',
    limit: '5',
  });
  expect(await client.cancel('1')).toMatchObject({ state: 'cancelled' });
  expect(await client.retry('1')).toMatchObject({ state: 'queued' });
  expect(await client.logs('1', { after: 3 })).toEqual({ lines: [], dropped: 2 });
  expect(server.asked.at(-1)?.query.get('after')).toBe('3');
});

test('an unknown job is E_NOT_FOUND with the words of the daemon', async () => {
  await expect(client.get('9/..')).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
    message: 'No job 9/...',
  });
});

test('waiting ends with the job, also when the daemon restarts in between', async () => {
  await client.add('mail');
  const waiting = client.wait('1');
  await eventually(() => server.asked.some((one) => one.path.endsWith('/wait')));
  await server.goAway();
  server.setJob('1', 'running');
  await server.listen();
  await eventually(() => server.asked.filter((one) => one.path.endsWith('/wait')).length >= 2);
  server.setJob('1', 'succeeded', { result: 42 });
  expect(await waiting).toMatchObject({ state: 'succeeded', result: 42 });
});

test('waiting for a job that has ended answers at once', async () => {
  await client.add('mail');
  server.setJob('1', 'failed', { reason: 'error' });
  expect(await client.wait('1')).toMatchObject({ state: 'failed' });
});

test('waiting may have a time limit of months, which no timer holds', async () => {
  await client.add('mail');
  const waits = [30, 60].map((days) => client.wait('1', { timeoutMs: days * 86_400_000 }));
  const isAsked = () => server.asked.filter(({ path }) => path === '/v1/jobs/1/wait').length === 2;
  await eventually(isAsked);
  server.setJob('1', 'succeeded');
  for (const job of await Promise.all(waits)) expect(job.state).toBe('succeeded');
});

test('waiting stops at its time limit and at its signal', async () => {
  await client.add('mail');
  await expect(client.wait('1', { timeoutMs: 30 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
  const controller = new AbortController();
  const waiting = client.wait('1', { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('waiting for an unknown job is an error, not a wait', async () => {
  await expect(client.wait('77')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
});

test('without a daemon the error says how to start one', async () => {
  await server.goAway();
  const error: TaskbellError = await client.status().catch((reason) => reason);
  expect(error).toMatchObject({ code: 'E_DAEMON_UNREACHABLE' });
  expect(error.message).toContain(server.socketPath);
  expect(error.hint).toContain('taskbell up');
});

test('a first request waits a moment where a daemon was: another may be taking over', async () => {
  await server.goAway();
  const adding = client.add('first');
  await server.listen();
  expect(await adding).toMatchObject({ id: '1' });
});

test('where no daemon ever was, nobody is waited for', async () => {
  const stranger = connect({ socket: path.join(server.directory, 'nowhere', 'control.sock') });
  const startedMono = performance.now();
  await expect(stranger.status()).rejects.toMatchObject({ code: 'E_DAEMON_UNREACHABLE' });
  expect(performance.now() - startedMono).toBeLessThan(800);
  await stranger.close();
});

test('a request waits for a daemon that restarts', async () => {
  await client.add('first');
  await server.goAway();
  const adding = client.add('second');
  await server.listen();
  expect(await adding).toMatchObject({ id: '2' });
});

test('an add whose answer was lost is sent again, under the same key', async () => {
  await client.add('first');
  server.routes.set('POST /v1/jobs', async () => {
    server.routes.set('POST /v1/jobs', () => ({ id: '2' }));
    await server.goAway();
    await server.listen();
  });
  expect(await client.add('second')).toMatchObject({ id: '2' });
  const [first, lost, repeated] = posts().map(({ idempotencyKey }) => idempotencyKey);
  expect(repeated).toBe(lost);
  expect(repeated).not.toBe(first);
  expect(repeated).toMatch(/^[0-9a-f-]{36}$/);
});

test('an add whose answer was lost, and who finds nobody again, may have been done', async () => {
  await client.add('first');
  server.routes.set('POST /v1/jobs', async () => {
    await server.goAway();
  });
  const error: TaskbellError = await client.add('second').catch((reason) => reason);
  expect(error).toMatchObject({ code: 'E_DAEMON_UNREACHABLE' });
  expect(error.message).toContain('may have been done or not');
  await server.listen();
});

test('an event whose answer was lost is published again under its key', async () => {
  await client.add('first');
  let losses = 1;
  server.routes.set('POST /v1/events', async () => {
    losses -= 1;
    if (losses < 0) return { events: [{ seq: '7' }] };
    await server.goAway();
    await server.listen();
    return undefined;
  });
  const event = { type: 'issueUpdate', id: '1', data: [] };
  expect(await client.publish(event)).toEqual([{ seq: '7' }]);
  const asked = server.asked.filter(({ path: to }) => to === '/v1/events');
  expect(asked).toHaveLength(2);
  expect(asked[1]).toMatchObject({ body: event, idempotencyKey: asked[0]?.idempotencyKey });
  expect(asked[0]?.idempotencyKey).toBeTruthy();
});

test('events of one turn share a request, in order, and one that is refused fails alone', async () => {
  server.routes.set('POST /v1/events', ({ body }) => {
    const events = [body].flat() as { id: string }[];
    if (!events.some(({ id }) => id === 'bad')) return { events };
    throw new TaskbellError('E_INVALID_REQUEST', 'bad');
  });
  const publish = (id: string) => client.publish({ type: 'issueUpdate', id, data: [] });
  const good = await Promise.all(['1', '2', '3'].map(publish));
  expect(good.map(([event]) => event?.id)).toEqual(['1', '2', '3']);
  const count = () => server.asked.filter(({ path: to }) => to === '/v1/events').length;
  expect(count()).toBe(1);
  const mixed = await Promise.allSettled(['1', 'bad', '3'].map(publish));
  expect(mixed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('a core that is not ready yet is asked again until it is', async () => {
  let refusals = 2;
  server.routes.set('GET /v1/queues', () => {
    refusals -= 1;
    if (refusals >= 0) throw new TaskbellError('E_UNAVAILABLE', 'Starting.');
    return { queues: [] };
  });
  expect(await client.queues()).toEqual([]);
});

test('an answer that is no JSON is an error that shows it', async () => {
  let peer: Server | undefined;
  const socket = path.join(server.directory, 'other.sock');
  await new Promise<void>((resolve) => {
    peer = createServer((_request, response) => response.end('hello'));
    peer.listen(socket, resolve);
  });
  const other = connect({ socket });
  await expect(other.status()).rejects.toMatchObject({ code: 'E_INTERNAL' });
  await other.close();
  await new Promise((resolve) => peer?.close(resolve));
});

test('over TCP a URL needs its token', () => {
  expect(() => connect({ url: 'http://127.0.0.1:1' })).toThrow(TaskbellError);
});

test('queues, events and the directory use their routes', async () => {
  const queue = { name: 'a b', paused: true, jobs: {} };
  server.routes.set('POST /v1/queues/:name/pause', () => queue);
  server.routes.set('DELETE /v1/users/:id', () => undefined);
  server.routes.set('DELETE /v1/grants', () => undefined);
  server.routes.set('POST /v1/access/check', () => ({ code: 4 }));
  expect(await client.pauseQueue('a b')).toEqual(queue);
  expect(server.asked.at(-1)?.path).toBe('/v1/queues/a%20b/pause');
  expect(await client.publish({ type: 'issueUpdate', id: 'x', data: [] })).toMatchObject([
    { seq: '1' },
  ]);
  await client.access.removeUser('u');
  await client.access.revoke({ user: 'u', type: 't', id: '*' });
  expect(server.asked.at(-1)?.body).toEqual({ user: 'u', type: 't', id: '*' });
  expect(await client.access.check({ user: 'u', type: 't', id: '1' })).toEqual({ code: 4 });
});

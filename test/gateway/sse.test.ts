/** Server-sent events over a real gateway and a real core. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deadlineIn } from '../../src/process/service.ts';
import { AwakeCore } from '../core/awake-core.ts';
import { GatewayFixture, type GatewayOptions, tokenFor } from './gateway-fixture.ts';
import { SseClient } from './sse-client.ts';

const auth = tokenFor('ada');
const ISSUE = '/events?type=issueUpdate&id=1';

let core: AwakeCore;
let gateway: GatewayFixture;
let clients: SseClient[];
beforeEach(async () => {
  core = await AwakeCore.start();
  gateway = new GatewayFixture();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await gateway.close();
  await core.dispose();
});

async function start(options: GatewayOptions = {}) {
  const service = gateway.create({ controlSocket: core.socketPath, ...options });
  await service.start();
  return service;
}

function open(path = ISSUE, headers: Record<string, string> = {}, method = 'GET'): SseClient {
  const all = { authorization: `Bearer ${auth}`, ...headers };
  const client = new SseClient(gateway.port, path, all, method);
  clients.push(client);
  return client;
}

async function publish(id: string, data: readonly unknown[] = [], type = 'issueUpdate') {
  const { status, body } = await core.post('/v1/events', { type, id, data });
  expect(status).toBe(201);
  return body.events[0] as { seq: string; at: string };
}

/** The position and the epoch of an id line. */
const placeOf = (id: string) => id.split('@');

describe('a stream', () => {
  it('says that it is attached, and then every event as v2 has it, with the place to resume from', async () => {
    await start();
    const client = open();
    const { status, headers } = await client.answered;
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const attached = await client.next();
    expect(attached.event).toBe('attached');
    const { seq, epoch, ...rest } = JSON.parse(attached.data);
    expect(rest).toEqual({ status: 200, message: 'Ok', code: 0 });
    expect(attached.id).toBe(`${seq}@${epoch}`);
    const first = await publish('1', [{ a: 'é\n' }]);
    expect(await client.next()).toEqual({
      event: 'message',
      id: `${first.seq}@${epoch}`,
      data: `{"type":"issueUpdate","id":"1","data":[{"a":"é\\n"}],"seq":"${first.seq}","prev":null,"at":"${first.at}"}`,
    });
  });

  it('takes several topics and patterns, and no others', async () => {
    await start();
    const client = open(
      '/events?type=issueUpdate&id=a.*&type=datasetUpdate&id=x&topic=issueUpdate/b/c&topic=notification',
    );
    await client.next();
    await publish('z');
    await publish('a.1');
    await publish('x', [], 'datasetUpdate');
    await publish('b/c');
    await publish('ada', [], 'notification');
    const ids = [];
    for (let n = 0; n < 4; n += 1) ids.push((await client.nextData()).id);
    expect(ids).toEqual(['a.1', 'x', 'b/c', 'ada']);
  });

  it('goes on where Last-Event-ID says: no gap, no repeat, in order', async () => {
    await start();
    const client = open();
    const seen: unknown[] = [];
    await client.next();
    await publish('1', [1]);
    seen.push((await client.nextData()).data);
    client.close();
    await client.closed;
    for (let n = 2; n <= 20; n += 1) await publish('1', [n]);
    const again = open(ISSUE, { 'last-event-id': client.lastId });
    const live = publish('1', [21]);
    expect(await again.nextData()).toMatchObject({ code: 0, recovered: true });
    while (seen.length < 21) seen.push((await again.nextData()).data);
    await live;
    expect(seen).toEqual(Array.from({ length: 21 }, (_, index) => [index + 1]));
  });

  it('says that a place of another log is none, and keeps the place that the client had', async () => {
    await start();
    const { seq } = await publish('1', ['old']);
    const client = open(ISSUE, { 'last-event-id': '7@other' });
    const attached = await client.next();
    expect(JSON.parse(attached.data)).toMatchObject({ recovered: false, seq });
    expect(attached.id).toBe('');
    expect(await client.nextData()).toMatchObject({ data: ['old'] });
  });

  it('begins with the newest event where that is asked for', async () => {
    await start();
    for (const n of [1, 2]) await publish('1', [n]);
    const client = open(`${ISSUE}&last=1`);
    expect((await client.next()).event).toBe('attached');
    expect(await client.nextData()).toMatchObject({ data: [2] });
  });

  it('begins after the position in its URL when the client has none of its own', async () => {
    await start();
    await publish('1', [1]);
    const client = open(`${ISSUE}&since=0`);
    expect(await client.nextData()).toMatchObject({ recovered: true });
    expect(await client.nextData()).toMatchObject({ data: [1] });
  });

  it('moves the place of who hears nothing, without an event', async () => {
    await start({ limits: { syncInterval: 100 } });
    const client = open();
    const [before] = placeOf((await client.next()).id);
    const { seq } = await publish('other');
    expect(Number(seq)).toBeGreaterThan(Number(before));
    // A topic of another type is not followed: the gateway hears of its position now and then.
    await expect.poll(() => placeOf(client.lastId)[0], { timeout: 20_000 }).toBe(seq);
  });

  it('hears a comment now and then, so that nobody on the way thinks it dead', async () => {
    await start({ limits: { pingInterval: 100, syncInterval: 3_600_000 } });
    const client = open();
    await expect.poll(() => client.comments, { timeout: 20_000 }).toBeGreaterThan(1);
  });

  it('is told from connections of v1 and v2, and gets the same events', async () => {
    await start();
    const client = open();
    await client.next();
    const v1 = await gateway.connect();
    await v1.attach(auth, 'issueUpdate', '1');
    await publish('1', ['both']);
    expect(await v1.next()).toBe('{"type":"issueUpdate","id":"1","data":["both"]}');
    expect(await client.nextData()).toMatchObject({ data: ['both'] });
  });
});

describe('a request that is refused', () => {
  it.each([
    ['no token', { path: ISSUE, authorization: '' }, 401, 1],
    ['another scheme', { path: ISSUE, authorization: `Basic ${auth}` }, 401, 1],
    ['a token that is none', { path: ISSUE, authorization: 'Bearer x' }, 401, 2],
    ['a token in the URL', { path: `${ISSUE}&token=${auth}` }, 400, 5],
    ['a misspelt parameter', { path: `${ISSUE}&lastid=1` }, 400, 5],
    ['no topic', { path: '/events' }, 400, 5],
    ['an unknown type', { path: '/events?type=nope&id=1' }, 400, 5],
    ['the type of what gateways are told', { path: '/events?type=access&id=directory' }, 400, 5],
    ['a type without an id', { path: '/events?type=issueUpdate' }, 400, 5],
    ['more types than ids', { path: '/events?type=job&id=1&type=queue' }, 400, 5],
    ['a last value of a pattern', { path: '/events?type=job&id=*&last=1' }, 400, 5],
    ['a last of something else', { path: `${ISSUE}&last=yes` }, 400, 5],
  ])('hears why: %s', async (_what, { path, ...headers }, status, code) => {
    await start();
    const answer = await open(path, headers as Record<string, string>).answered;
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 400, code });
    expect(answer.body).not.toContain(auth);
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it('hears which topic may not be seen, or that the user is unknown', async () => {
    core.configure('[access]\nusers = directory\ndatasets = directory\n');
    await core.sleep();
    await core.wake();
    await start({ access: { users: 'directory', datasets: 'directory' } });
    const unknown = await open().answered;
    expect([unknown.status, JSON.parse(unknown.body).code]).toEqual([403, 3]);
    await core.post('/v1/users', { id: 'ada' });
    const denied = await open().answered;
    expect(denied.status).toBe(403);
    expect(JSON.parse(denied.body)).toMatchObject({
      code: 4,
      event: { type: 'issueUpdate', id: '1' },
    });
  });

  it.each([
    ['POST', 405],
    ['DELETE', 405],
  ])('is one with %s', async (method, status) => {
    await start();
    expect((await open(ISSUE, {}, method).answered).status).toBe(status);
  });

  it('is one more of a user than there may be', async () => {
    await start({ limits: { maxConnectionsPerUser: 1 } });
    await open().next();
    const answer = await open().answered;
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([429, 4409]);
  });
});

describe('a page in a browser', () => {
  const limits = { origins: ['https://app.example.org'] };

  it('of an origin that may come in is told so, before and with the answer', async () => {
    await start({ limits });
    const headers = { origin: 'https://app.example.org' };
    const question = await open(ISSUE, headers, 'OPTIONS').answered;
    expect(question.status).toBe(204);
    expect(question.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.org',
      'access-control-allow-headers': expect.stringContaining('last-event-id'),
    });
    const answer = await open(ISSUE, headers).answered;
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.org',
      vary: 'origin',
    });
  });

  it('of another origin is refused', async () => {
    await start({ limits });
    const answer = await open(ISSUE, { origin: 'https://evil.example' }).answered;
    expect(answer.status).toBe(403);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('the end of a stream', () => {
  it('says when to come back when the gateway stops', async () => {
    const service = await start();
    const client = open();
    await client.next();
    await service.stop(deadlineIn(20_000));
    const last = await client.next();
    expect(last.event).toBe('close');
    expect(JSON.parse(last.data)).toMatchObject({ code: 1012 });
    expect(client.retryMs).toBeGreaterThanOrEqual(500);
    await client.closed;
  });

  it('comes with the right to be there', async () => {
    core.configure('[access]\nusers = any\ndatasets = directory\n');
    await core.sleep();
    await core.wake();
    await start({ access: { datasets: 'directory' } });
    const grant = { user: 'ada', type: 'issueUpdate', id: '1' };
    await core.post('/v1/grants', grant);
    const client = open();
    expect((await client.next()).event).toBe('attached');
    await core.ask('DELETE', '/v1/grants', JSON.stringify(grant));
    expect(await client.next()).toMatchObject({
      event: 'close',
      data: '{"code":4403,"reason":"access was withdrawn"}',
    });
    await client.closed;
    expect((await open(ISSUE, { 'last-event-id': client.lastId }).answered).status).toBe(403);
  });

  it('comes with the end of the token', async () => {
    await start({ auth: { expiryGrace: 0 } });
    const shortLived = () => {
      const exp = Math.floor(Date.now() / 1_000) + 2;
      return open(ISSUE, { authorization: `Bearer ${tokenFor('ada', { exp })}` });
    };
    let client = shortLived();
    // On a machine that is busy a token may be over before it is judged.
    while ((await client.answered).status === 401) client = shortLived();
    expect((await client.next()).event).toBe('attached');
    expect((await client.nextData()).code).toBe(4401);
    await client.closed;
  });

  it('is a cut for who does not read, and others read on', async () => {
    await start({ limits: { maxUnread: 100_000, maxUnreadTime: 3_600_000 } });
    const [stalled, other] = [open(), open()];
    await stalled.next();
    await other.next();
    stalled.pause();
    const data = ['x'.repeat(500_000)];
    // What the two kernels hold is not unread yet.
    for (let n = 0; n < 40; n += 1) {
      await publish('1', data);
      await other.next();
    }
    const closed = () => gateway.lines.filter(({ code }) => code === 4408).length;
    await expect.poll(closed, { timeout: 20_000 }).toBe(1);
  });

  it('is seen when the client goes, and its place is free', async () => {
    await start({ limits: { maxConnectionsPerUser: 1 } });
    const client = open();
    await client.next();
    client.close();
    await expect.poll(async () => (await open().answered).status, { timeout: 20_000 }).toBe(200);
  });
});

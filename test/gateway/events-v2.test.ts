/** Events v2 over a real gateway and a real core: what is said, and when. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deadlineIn } from '../../src/process/service.ts';
import { AwakeCore } from '../core/awake-core.ts';
import { GatewayFixture, type GatewayOptions, tokenFor } from './gateway-fixture.ts';
import { ask, connectV2, nextOf, type Said, V2 } from './v2-client.ts';

let core: AwakeCore;
let gateway: GatewayFixture;
beforeEach(async () => {
  core = await AwakeCore.start();
  gateway = new GatewayFixture();
});
afterEach(async () => {
  await gateway.close();
  await core.dispose();
});

const auth = tokenFor('ada');
const ISSUE = { type: 'issueUpdate', id: '1' };

async function start(options: GatewayOptions = {}) {
  const service = gateway.create({ controlSocket: core.socketPath, ...options });
  await service.start();
  return service;
}

async function publish(id: string, data: readonly unknown[] = [], type = 'issueUpdate') {
  const { status, body } = await core.post('/v1/events', { type, id, data });
  expect(status).toBe(201);
  return body.events[0] as Said;
}

describe('a connection', () => {
  it('is v2 by its subprotocol, which is told back, from the first message on', async () => {
    await start();
    const client = await connectV2(gateway);
    expect(client.socket.protocol).toBe(V2);
    const { seq } = await publish('0');
    const reply = await client.ask({ auth, action: 'attach', event: ISSUE });
    const { epoch } = JSON.parse(reply);
    expect(reply).toBe(`{"status":200,"message":"Ok","code":0,"seq":"${seq}","epoch":"${epoch}"}`);
    const first = await publish('1', [{ a: 'é' }]);
    expect(await client.next()).toBe(
      `{"type":"issueUpdate","id":"1","data":[{"a":"é"}],"seq":"${first.seq}","prev":null,"at":"${first.at}"}`,
    );
    const second = await publish('1');
    expect(JSON.parse(await client.next())).toMatchObject({ seq: second.seq, prev: first.seq });
  });

  it('is v1 until it sends what only v2 has, and then v2 for good', async () => {
    await start();
    const client = await gateway.connect();
    expect(await client.attach(auth, 'issueUpdate', '1')).toBe(
      '{"status":200,"message":"Ok","code":0}',
    );
    await publish('1', ['plain']);
    expect(await client.next()).toBe('{"type":"issueUpdate","id":"1","data":["plain"]}');
    expect(await client.ask({ action: 'ping', rid: 'x' })).toBe(
      '{"status":200,"message":"Ok","code":0,"rid":"x"}',
    );
    await publish('1');
    expect(JSON.parse(await client.next())).toHaveProperty('seq');
    expect(
      await ask(client, { auth, action: 'attach', event: { type: 'job', id: '1' } }),
    ).toHaveProperty('epoch');
  });

  it.each([
    ['rid', { rid: 1 }],
    ['since', { since: '0' }],
    ['epoch', { epoch: 'x' }],
    ['events', { events: [ISSUE], event: undefined }],
    ['last', { last: 1 }],
    ['cursor', { cursor: 'phone' }],
  ])('is v2 from an attach with %s on', async (_key, more) => {
    await start();
    const client = await gateway.connect();
    const reply = await ask(client, { auth, action: 'attach', event: ISSUE, ...more });
    expect(reply).toMatchObject({
      status: 200,
      seq: expect.any(String),
      epoch: expect.any(String),
    });
  });

  it('needs no token in its requests once it has shown one', async () => {
    await start();
    const client = await connectV2(gateway);
    expect(await ask(client, { action: 'attach', event: ISSUE })).toMatchObject({ code: 1 });
    expect(await ask(client, { action: 'auth' })).toMatchObject({ code: 1 });
    expect(await ask(client, { action: 'auth', auth: 'x', rid: 2 })).toMatchObject({
      code: 2,
      rid: 2,
    });
    expect(await ask(client, { action: 'auth', auth })).toMatchObject({ code: 0 });
    expect(await ask(client, { action: 'attach', event: ISSUE })).toMatchObject({ code: 0 });
    const bob = { action: 'auth', auth: tokenFor('bob') };
    expect(await ask(client, bob)).toMatchObject({ code: 2 });
  });

  it('shows a token in its handshake, and is closed when that is not valid', async () => {
    await start();
    const client = await gateway.connectAs([V2, `bearer.${auth}`]);
    expect(client.socket.protocol).toBe(V2);
    expect(await ask(client, { action: 'attach', event: ISSUE })).toMatchObject({ code: 0 });
    const other = await gateway.connectAs([V2, 'bearer.x.y.z']);
    expect(await other.closed).toEqual({ code: 4401, reason: 'invalid token' });
  });

  it('is extended by auth, and its requests are refused when the token has ended', async () => {
    await start();
    const client = await connectV2(gateway);
    const soon = { exp: Math.floor(Date.now() / 1_000) + 4 };
    expect(await ask(client, { action: 'auth', auth: tokenFor('ada', soon) })).toMatchObject({
      code: 0,
    });
    await expect
      .poll(() => ask(client, { action: 'detach', event: ISSUE }), {
        timeout: 20_000,
        interval: 200,
      })
      .toMatchObject({ code: 2 });
    expect(await ask(client, { action: 'auth', auth })).toMatchObject({ code: 0 });
    expect(await ask(client, { action: 'detach', event: ISSUE })).toMatchObject({ code: 0 });
  });
});

describe('an attach of several', () => {
  it('has one reply, and patterns among them', async () => {
    await start();
    const client = await connectV2(gateway);
    const events = [
      { type: 'issueUpdate', id: 'a.*' },
      { type: 'issueUpdate', id: 'a.1' },
      { type: 'datasetUpdate', id: '*' },
      { type: 'notification' },
    ];
    expect(await ask(client, { auth, action: 'attach', events, rid: 8 })).toMatchObject({
      code: 0,
      rid: 8,
    });
    await publish('b.1');
    await publish('a');
    await publish('a.1', ['once']);
    await publish('a.b.c');
    await publish('x', [], 'datasetUpdate');
    await publish('ada', [], 'notification');
    const said = await nextOf(client, 4);
    expect(said.map(({ id }) => id)).toEqual(['a.1', 'a.b.c', 'x', 'ada']);
    const detach = { action: 'detach', events: events.slice(0, 2) };
    expect(await ask(client, detach)).toMatchObject({ code: 0 });
    await publish('a.1');
    await publish('y', [], 'datasetUpdate');
    expect((await nextOf(client, 1))[0].id).toBe('y');
  });

  it('is refused whole, and says which one may not be seen', async () => {
    core.configure('[access]\nusers = any\ndatasets = directory\n');
    await core.sleep();
    await core.wake();
    expect((await core.post('/v1/users', { id: 'ada' })).status).toBeLessThan(300);
    const grant = { user: 'ada', type: 'issueUpdate', id: '1' };
    expect((await core.post('/v1/grants', grant)).status).toBeLessThan(300);
    await start({ access: { datasets: 'directory' } });
    const client = await connectV2(gateway);
    const other = { type: 'issueUpdate', id: '2' };
    expect(await ask(client, { auth, action: 'attach', events: [ISSUE, other], rid: 1 })).toEqual({
      ...{ status: 400, message: 'Not access for dataset', code: 4, rid: 1 },
      event: other,
    });
    const all = { type: 'issueUpdate', id: '*' };
    expect(await ask(client, { auth, action: 'attach', event: all })).toMatchObject({ code: 4 });
    await publish('1');
    expect(await ask(client, { auth, action: 'attach', event: ISSUE })).toMatchObject({ code: 0 });
  });

  it('is refused whole when it would be more than the limit', async () => {
    await start({ limits: { maxSubscriptions: 3 } });
    const client = await connectV2(gateway);
    const events = ['1', '2', '3'].map((id) => ({ type: 'job', id }));
    expect(await ask(client, { auth, action: 'attach', events })).toMatchObject({ code: 0 });
    expect(await ask(client, { auth, action: 'attach', events })).toMatchObject({ code: 0 });
    expect(await ask(client, { auth, action: 'attach', event: ISSUE })).toMatchObject({
      ...{ code: 5, detail: 'at most 3 subscriptions' },
    });
    const four = [...events, ISSUE];
    expect(await ask(client, { auth, action: 'attach', events: four })).toMatchObject({ code: 5 });
  });
});

describe('without being asked', () => {
  it('v2 hears how far the log is, and v1 does not', async () => {
    await start({ limits: { syncInterval: 100 } });
    const { seq } = await publish('x');
    const [v1, v2] = [await gateway.connect(), await connectV2(gateway)];
    await v1.attach(auth, 'issueUpdate', '1');
    v2.send({ auth, action: 'attach', event: ISSUE });
    // One may come before the reply, from a gateway that was told less.
    const wanted = `{"action":"sync","seq":"${seq}"}`;
    for (let heard = ''; heard !== wanted; ) heard = await v2.next();
    await publish('1', ['pushed']);
    expect(await v1.next()).toBe('{"type":"issueUpdate","id":"1","data":["pushed"]}');
  });

  it('v2 hears when to come back before a restart closes it, each its own time', async () => {
    const service = await start();
    const v1 = await gateway.connect();
    await v1.attach(auth, 'issueUpdate', '1');
    const clients = await Promise.all(Array.from({ length: 5 }, () => connectV2(gateway)));
    for (const client of clients) await client.attach(auth, 'issueUpdate', '1');
    await service.stop(deadlineIn(5_000));
    const retries = new Set<number>();
    for (const client of clients) {
      const { action, retry } = JSON.parse(await client.next());
      expect([action, await client.closed]).toEqual([
        'drain',
        { code: 1012, reason: JSON.stringify({ retry }) },
      ]);
      retries.add(retry);
    }
    expect(retries.size).toBeGreaterThan(1);
    expect(await v1.closed).toMatchObject({ code: 1012 });
  });
});

describe('a request that is not valid', () => {
  it.each([
    ['no JSON', 'x', undefined],
    ['an unknown action', { action: 'attack', rid: 1 }, 1],
    ['event and events', { action: 'attach', event: ISSUE, events: [ISSUE] }, undefined],
    ['no events', { action: 'attach', events: [], rid: 'r' }, 'r'],
    ['events that are no array', { action: 'attach', events: ISSUE }, undefined],
    [
      'an unknown type among them',
      { action: 'attach', events: [ISSUE, { type: 'x', id: '1' }] },
      undefined,
    ],
    ['the type of gateways', { action: 'attach', event: { type: 'access', id: '*' } }, undefined],
    ['a rid that is an object', { action: 'ping', rid: {} }, undefined],
    ['a rid that is too long', { action: 'ping', rid: 'x'.repeat(65) }, undefined],
    ['since that is a number', { action: 'attach', event: ISSUE, since: 1 }, undefined],
    ['since and last', { action: 'attach', event: ISSUE, since: '1', last: 1 }, undefined],
    ['last of two', { action: 'attach', event: ISSUE, last: 2 }, undefined],
    [
      'last of a pattern',
      { action: 'attach', event: { type: 'job', id: '*' }, last: 1 },
      undefined,
    ],
    ['a cursor with a colon', { action: 'attach', event: ISSUE, cursor: 'a:b' }, undefined],
    ['an ack of nothing', { action: 'ack' }, undefined],
    ['presence that nobody tells', { action: 'presence', event: ISSUE, auth }, undefined],
  ])('is answered with code 5 and the reason: %s', async (_case, request, rid) => {
    await start();
    const client = await connectV2(gateway);
    const reply = await ask(client, request as object);
    expect(reply).toMatchObject({ status: 400, message: 'Invalid request', code: 5 });
    expect(reply.detail).toEqual(expect.any(String));
    expect(reply.rid).toBe(rid);
    expect(await ask(client, { action: 'ping' })).toMatchObject({ code: 0 });
  });
});

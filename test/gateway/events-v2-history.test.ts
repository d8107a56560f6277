/** Events v2 over a real gateway and a real core: where an attach begins, by a position, by the last value, by a cursor. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deadlineIn } from '../../src/process/service.ts';
import { AwakeCore } from '../core/awake-core.ts';
import { GatewayFixture, type GatewayOptions, tokenFor, until } from './gateway-fixture.ts';
import { ask, connectV2, nextOf, type Said } from './v2-client.ts';

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

async function publishMany(count: number, id = '1'): Promise<readonly Said[]> {
  const events = Array.from({ length: count }, (_, n) => ({ type: 'issueUpdate', id, data: [n] }));
  const { status, body } = await core.post('/v1/events', events);
  expect(status).toBe(201);
  return body.events;
}

describe('an attach with since', () => {
  it('brings what was missed, then what comes', async () => {
    await start();
    const [first, ...missed] = await publishMany(5);
    await publish('2');
    const client = await connectV2(gateway);
    const request = { auth, action: 'attach', event: ISSUE, since: first.seq, rid: 1 };
    const reply = await ask(client, request);
    expect(reply).toMatchObject({ code: 0, rid: 1, seq: first.seq, recovered: true });
    expect(await nextOf(client, 4)).toEqual(missed);
    const live = await publish('1');
    expect(await nextOf(client, 1)).toEqual([live]);
    const again = { auth, action: 'attach', event: ISSUE, since: live.seq, epoch: reply.epoch };
    expect(await ask(client, again)).toMatchObject({ recovered: true, seq: live.seq });
  });

  it('brings many topics and patterns in the order of the log, however many pages they have', async () => {
    await start();
    const events = Array.from({ length: 1_000 }, (_, n) => ({
      ...{ type: n % 3 === 0 ? 'datasetUpdate' : 'issueUpdate', data: ['x'.repeat(n)] },
      id: n % 2 === 0 ? `a.${n % 7}` : `b.${n % 5}`,
    }));
    const all: Said[] = [];
    for (let round = 0; round < 2; round += 1) {
      all.push(...(await core.post('/v1/events', events)).body.events);
    }
    const client = await connectV2(gateway);
    const wanted = [
      { type: 'issueUpdate', id: 'a.*' },
      { type: 'issueUpdate', id: 'b.1' },
      { type: 'datasetUpdate', id: '*' },
    ];
    await ask(client, { auth, action: 'attach', events: wanted, since: '0' });
    const expected = all.filter(
      ({ type, id }) => type === 'datasetUpdate' || id.startsWith('a.') || id === 'b.1',
    );
    expect(await nextOf(client, expected.length)).toEqual(expected);
    const live = await publish('a.1');
    expect(await nextOf(client, 1)).toEqual([live]);
  });

  it.each([
    ['of another log', (top: string) => ({ since: top, epoch: 'other' })],
    ['that is not there yet', (top: string) => ({ since: String(Number(top) + 1) })],
    ['that is no position', () => ({ since: 'yesterday' })],
  ])('answers a position %s with the oldest that there is', async (_what, positionFrom) => {
    await start();
    const events = await publishMany(3);
    const client = await connectV2(gateway);
    const position = positionFrom(events.at(-1).seq);
    const reply = await ask(client, { auth, action: 'attach', event: ISSUE, ...position });
    expect(reply).toMatchObject({ code: 0, recovered: false, seq: events[0].seq });
    expect(await nextOf(client, 3)).toEqual(events);
  });

  it('holds what is published while history is read, and loses none of it', async () => {
    await start();
    const before = await publishMany(900);
    const client = await connectV2(gateway);
    client.send({ auth, action: 'attach', event: ISSUE, since: '0' });
    const after: Said[] = [];
    for (let n = 0; n < 30; n += 1) after.push(...(await publishMany(100)));
    const [, ...said] = await nextOf(client, 1 + before.length + after.length);
    expect(said.map(({ seq }) => seq)).toEqual([...before, ...after].map(({ seq }) => seq));
  });

  it('waits for a core that restarts', async () => {
    await start();
    const events = await publishMany(3);
    const client = await connectV2(gateway);
    await ask(client, { auth, action: 'attach', event: { type: 'issueUpdate', id: '2' } });
    await core.sleep();
    client.send({ auth, action: 'attach', event: ISSUE, since: '0' });
    await core.wake();
    const [reply, ...said] = await nextOf(client, 4);
    expect(reply).toMatchObject({ recovered: true });
    expect(said).toEqual(events);
  });
});

describe('an attach with last', () => {
  it('brings the newest event of each topic, and then what comes', async () => {
    await start();
    await publishMany(3);
    const two = await publish('2', ['two']);
    const one = await publish('1', ['newest']);
    const client = await connectV2(gateway);
    const events = ['1', '2', 'none'].map((id) => ({ type: 'issueUpdate', id }));
    const reply = await ask(client, { auth, action: 'attach', events, last: 1 });
    expect(reply).toEqual({
      ...{ status: 200, message: 'Ok', code: 0 },
      seq: one.seq,
      epoch: reply.epoch,
    });
    expect(await nextOf(client, 2)).toEqual([two, one]);
    const live = await publish('none');
    expect(await nextOf(client, 1)).toEqual([live]);
  });

  it('answers at once with the end of a job, by its record where the log has let go of it', async () => {
    core.knowType('mail');
    const { id } = await core.add('mail');
    expect((await core.post(`/v1/jobs/${id}/cancel`)).status).toBeLessThan(300);
    await start();
    const client = await connectV2(gateway);
    const attach = { auth, action: 'attach', event: { type: 'job', id }, last: 1 };
    await ask(client, attach);
    const [end] = await nextOf(client, 1);
    expect(end).toMatchObject({ type: 'job', id, data: [{ state: 'cancelled' }] });
    core.configure('[retention]\nevents = 1ms\n');
    await core.sleep();
    await core.wake();
    await expect
      .poll(async () => (await core.get(`/v1/events?type=job&id=${id}`)).body.events, {
        timeout: 20_000,
      })
      .toEqual([]);
    const other = await connectV2(gateway);
    await ask(other, attach);
    const [known] = await nextOf(other, 1);
    expect(known).toMatchObject({ type: 'job', id, data: [{ state: 'cancelled' }] });
    expect(known).not.toHaveProperty('seq');
  });
});

describe('an attach with a cursor', () => {
  const attach = { auth, action: 'attach', event: ISSUE, cursor: 'device-1' };

  it('brings again what was not acknowledged', async () => {
    await start();
    const events = await publishMany(4);
    const first = await connectV2(gateway);
    expect(await ask(first, attach)).toMatchObject({ recovered: false, seq: events[0].seq });
    expect(await nextOf(first, 4)).toEqual(events);
    expect(await ask(first, { action: 'ack', seq: events[1].seq, rid: 3 })).toEqual({
      ...{ status: 200, message: 'Ok', code: 0, rid: 3 },
    });
    expect(await ask(first, { action: 'ack', seq: events[0].seq })).toMatchObject({ code: 0 });
    first.socket.terminate();
    const second = await connectV2(gateway);
    expect(await ask(second, attach)).toMatchObject({ recovered: true, seq: events[1].seq });
    expect(await nextOf(second, 2)).toEqual(events.slice(2));
    const other = await connectV2(gateway);
    const bob = { ...attach, auth: tokenFor('bob') };
    expect(await ask(other, bob)).toMatchObject({ recovered: false, seq: events[0].seq });
  });

  it('is where it was after a restart of gateway and core', async () => {
    const service = await start();
    const events = await publishMany(4);
    const client = await connectV2(gateway);
    await ask(client, attach);
    await nextOf(client, 4);
    await ask(client, { action: 'ack', seq: events[2].seq });
    await service.stop(deadlineIn(5_000));
    await core.sleep();
    await core.wake();
    await start();
    const again = await connectV2(gateway);
    expect(await ask(again, attach)).toMatchObject({ recovered: true });
    expect(await nextOf(again, 1)).toEqual([events[3]]);
  });

  it('says so when what joins it later begins behind what was acknowledged', async () => {
    await start();
    const [event] = await publishMany(1);
    const client = await connectV2(gateway);
    await ask(client, attach);
    await nextOf(client, 1);
    await ask(client, { action: 'ack', seq: event.seq });
    const later = { ...attach, event: { type: 'issueUpdate', id: '2' } };
    expect(await ask(client, later)).toMatchObject({ recovered: false });
  });

  it('refuses what was never said, and an ack without a cursor', async () => {
    await start();
    const [event] = await publishMany(1);
    const client = await connectV2(gateway);
    expect(await ask(client, { auth, action: 'ack', seq: event.seq })).toMatchObject({ code: 5 });
    await ask(client, attach);
    await nextOf(client, 1);
    const beyond = { action: 'ack', seq: String(Number(event.seq) + 1) };
    expect(await ask(client, beyond)).toMatchObject({ code: 5 });
    expect(await ask(client, { action: 'ack', seq: 'x' })).toMatchObject({ code: 5 });
    expect(await ask(client, { ...attach, cursor: 'device-2' })).toMatchObject({ code: 5 });
  });
});

it('reads a few histories at once, each in its turn', async () => {
  await start({ limits: { historyReads: 1 } });
  const events = await publishMany(600);
  const clients = await Promise.all(Array.from({ length: 5 }, () => connectV2(gateway)));
  for (const client of clients) client.send({ auth, action: 'attach', event: ISSUE, since: '0' });
  for (const client of clients) {
    const [reply, ...said] = await nextOf(client, 601);
    expect(reply).toMatchObject({ recovered: true });
    expect(said).toEqual(events);
  }
  clients[0]?.socket.terminate();
  await until(() => gateway.failures.length === 0, 'no failure');
});

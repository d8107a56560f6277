/** What followers get of event types of their own kind: live only, or kept shorter than the log. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Follower } from '../../src/core/follower.ts';
import { FollowerHeartbeat } from '../../src/core/follower-heartbeat.ts';
import type { EventLog, NewRow } from '../../src/log/event-log.ts';
import type { FollowReply, PublishedEvent, Topic } from '../../src/protocol/events.ts';
import { openMemoryStores, VOLATILE_TYPE } from '../contract/stores.ts';

const ALL: readonly Topic[] = [{ type: '*', id: '*' }];

async function followed(log: EventLog, ownFrames = true) {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const webSockets = new WebSocketServer({ noServer: true });
  const transports: { write: unknown; readonly destroy: () => void }[] = [];
  let dropped = 0;
  http.on('upgrade', (request, transport, head) => {
    transports.push(transport);
    webSockets.handleUpgrade(request, transport, head, (socket) => {
      new Follower(socket, transport, {
        ...{ log, problemWith: () => null, ownFrames, heartbeat: new FollowerHeartbeat() },
        onDropped: (count) => {
          dropped += count;
        },
      });
    });
  });
  onTestFinished(() => {
    for (const transport of transports) transport.destroy();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  const follow = async (request: object = {}) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    onTestFinished(() => client.terminate());
    const events: PublishedEvent[] = [];
    const replies: FollowReply[] = [];
    client.on('message', (data) => {
      const message = JSON.parse(String(data));
      if ('status' in message) replies.push(message);
      else if ('type' in message) events.push(message);
    });
    const closed = once(client, 'close');
    await once(client, 'open');
    client.send(JSON.stringify({ action: 'attach', events: ALL, ...request }));
    await expect.poll(() => replies.length, { timeout: 20_000 }).toBe(1);
    return { client, events, reply: replies[0], closed };
  };
  return { follow, dropped: () => dropped };
}

const row = (type: string, id: string, data = '[]'): NewRow => ({ type, id, kind: 'event', data });

it.each([true, false])(
  'a volatile event reaches a follower at its place among the durable ones, without a seq (own frames: %s)',
  async (ownFrames) => {
    const { log } = openMemoryStores();
    const { follow } = await followed(log, ownFrames);
    const all = await follow();
    const others = await follow({ events: [{ type: 'a', id: '*' }] });
    await log.append([row('a', '1'), row(VOLATILE_TYPE, 'x', '[{"n":1}]'), row('a', '2')], 0);
    await expect.poll(() => all.events.length, { timeout: 20_000 }).toBe(3);
    expect(all.events[1]).toEqual({
      ...{ type: VOLATILE_TYPE, id: 'x', data: [{ n: 1 }] },
      at: '1970-01-01T00:00:00.000Z',
    });
    expect(all.events.map(({ seq }) => seq)).toEqual(['1', undefined, '2']);
    await expect
      .poll(() => others.events.map(({ id }) => id), { timeout: 20_000 })
      .toEqual(['1', '2']);
  },
);

it('a follower that comes later never hears of a volatile event', async () => {
  const { log } = openMemoryStores();
  const { follow } = await followed(log);
  await log.append([row('a', '1'), row(VOLATILE_TYPE, 'x')], 0);
  const late = await follow({ since: '0' });
  await log.append([row('a', '2')], 0);
  await expect.poll(() => late.events.map(({ id }) => id), { timeout: 20_000 }).toEqual(['1', '2']);
});

it('volatile events are dropped, and counted, for a follower that has too much unsent', async () => {
  const { log } = openMemoryStores();
  const { follow, dropped } = await followed(log);
  const slow = await follow();
  slow.client.pause();
  // More than the kernel takes on both sides, and a mebibyte.
  const big = JSON.stringify(['x'.repeat(1_000_000)]);
  for (let n = 0; n < 40 && dropped() === 0; n += 1) {
    await log.append([row(VOLATILE_TYPE, `v${n}`, big)], 0);
  }
  expect(dropped()).toBe(1);
  slow.client.resume();
  await log.append([row('a', '1')], 0);
  const ids = () => slow.events.map(({ id }) => id);
  await expect.poll(() => ids().at(-1), { timeout: 20_000 }).toBe('1');
});

it('a follower whose position is older than what went of its types is told so, and gets the rest once', async () => {
  const { log } = openMemoryStores();
  const { follow } = await followed(log);
  for (let n = 0; n < 3; n += 1) await log.append([row('a', '1'), row('b', '1')], n);
  await log.pruneType({ type: 'a', keep: 1, limit: 100 });
  // 1 and 3 went.
  const all = await follow({ since: '2' });
  expect(all.reply).toMatchObject({ seq: '2', recovered: false });
  await expect
    .poll(() => all.events.map(({ seq }) => seq), { timeout: 20_000 })
    .toEqual(['4', '5', '6']);
  expect(all.events[1]).toMatchObject({ type: 'a', prev: null });
  const others = await follow({ since: '2', events: [{ type: 'b', id: '*' }] });
  expect(others.reply).toMatchObject({ seq: '2', recovered: true });
  const after = await follow({ since: '3' });
  expect(after.reply).toMatchObject({ recovered: true });
});

it('rows that go while a follower reads towards them end its connection, and its next attach says that they are missing', async () => {
  const { log } = openMemoryStores();
  const { follow } = await followed(log);
  await log.append(
    Array.from({ length: 500 }, (_, n) => row(n < 400 ? 'b' : 'a', `i${n}`)),
    0,
  );
  let prune: Promise<unknown> | undefined;
  const read = log.read.bind(log);
  log.read = async (request) => {
    // While it reads its first page.
    prune ??= log.pruneType({ type: 'a', keep: 0, limit: 1_000 });
    await prune;
    return read(request);
  };
  const reader = await follow({ since: '0' });
  const [code] = await reader.closed;
  expect(code).toBe(1012);
  expect(reader.events).toEqual([]);
  const again = await follow({ since: '0' });
  expect(again.reply).toMatchObject({ seq: '0', recovered: false });
  await expect.poll(() => again.events.length, { timeout: 20_000 }).toBe(400);
});

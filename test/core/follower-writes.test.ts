/** What followers are sent, write by write: a commit's rows at once, and never more than they take. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Follower } from '../../src/core/follower.ts';
import { FollowerHeartbeat } from '../../src/core/follower-heartbeat.ts';
import { type EventLog, type NewRow, renderLogEvents } from '../../src/log/event-log.ts';
import { skipAhead } from '../../src/log/sqlite/log-position.ts';
import type { Topic } from '../../src/protocol/events.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { MemoryCommit } from '../contract/memory-commit.ts';
import { MemoryEventLog } from '../contract/memory-event-log.ts';
import { assemble, type SqliteStores } from '../contract/stores.ts';
import { temporaryDirectory } from '../sqlite/temporary-directory.ts';

const ALL: readonly Topic[] = [{ type: '*', id: '*' }];

function memoryLog(): EventLog {
  const group = new MemoryCommit();
  const log = new MemoryEventLog(group.commit);
  group.join(log);
  return log;
}

/** A log, and followers of it on one server, each with what its connection was given to write. */
async function followedLog({
  log = memoryLog(),
  ownFrames = true,
  perMessageDeflate = false,
  heartbeat = new FollowerHeartbeat(),
}: Partial<FollowedLog> = {}) {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate });
  const ours: { socket: WebSocket; writes: Buffer[] }[] = [];
  http.on('upgrade', (request, transport, head) => {
    webSockets.handleUpgrade(request, transport, head, (socket) => {
      const writes: Buffer[] = [];
      const write = transport.write.bind(transport) as (...given: unknown[]) => boolean;
      transport.write = (...given: unknown[]) => {
        writes.push(Buffer.from(given[0] as Uint8Array));
        return write(...given);
      };
      new Follower(socket, transport, {
        ...{ log, problemWith: () => null, ownFrames, heartbeat },
      });
      ours.push({ socket, writes });
    });
  });
  const { port } = http.address() as AddressInfo;
  onTestFinished(() => {
    for (const { socket } of ours) socket.terminate();
    http.close();
  });
  const follow = async (events = ALL) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate });
    onTestFinished(() => client.terminate());
    const texts: string[] = [];
    client.on('message', (data) => texts.push(String(data)));
    await once(client, 'open');
    const wanted = events.length === 0 ? {} : { events };
    client.send(JSON.stringify({ action: 'attach', ...wanted, since: '0' }));
    await once(client, 'message');
    const { socket, writes } = ours.at(-1) as (typeof ours)[number];
    writes.length = 0;
    texts.length = 0;
    return { client, texts, socket, writes };
  };
  return { log, follow };
}

interface FollowedLog {
  readonly log: EventLog;
  readonly ownFrames: boolean;
  readonly perMessageDeflate: boolean;
  readonly heartbeat: FollowerHeartbeat;
}

const rowsOf = (count: number, data = '["ü"]'): readonly NewRow[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ type: n % 2 === 0 ? 'issueUpdate' : 'uploadFile', id: `i${n}`, kind: 'event', data },
  }));

const countOf = (writes: readonly Buffer[], part: string) =>
  writes.filter((bytes) => bytes.includes(part)).length;

describe('the rows of one commit', () => {
  it('are one write for each follower, of the very same bytes', async () => {
    const { log, follow } = await followedLog();
    const [one, two] = [await follow(), await follow()];
    const appended = await log.append(rowsOf(300), 0);
    expect([one.writes.length, two.writes.length]).toEqual([1, 1]);
    expect(one.writes[0]).toEqual(two.writes[0]);
    const texts = renderLogEvents(appended);
    for (const { texts: got } of [one, two]) {
      await expect.poll(() => got, { timeout: 10_000 }).toEqual(texts);
    }
    await log.append(rowsOf(1), 0);
    expect([one.writes.length, two.writes.length]).toEqual([2, 2]);
  });

  it('are one write of what it wants for a follower that wants some, and none when it wants none', async () => {
    const { log, follow } = await followedLog();
    const some = await follow([{ type: 'uploadFile', id: '*' }]);
    const none = await follow([{ type: 'datasetUpdate', id: '*' }]);
    const appended = await log.append(rowsOf(10), 0);
    const wanted = appended.filter(({ type }) => type === 'uploadFile');
    expect([some.writes.length, none.writes.length]).toEqual([1, 0]);
    await expect.poll(() => some.texts, { timeout: 10_000 }).toEqual(renderLogEvents(wanted));
  });

  it.each([
    ['by the library where our frames are not proven', { ownFrames: false }],
    ['by the library where an extension changes the frames', { perMessageDeflate: true }],
  ])('go out %s', async (_where, framing) => {
    const { log, follow } = await followedLog(framing);
    const { texts, writes } = await follow();
    const appended = await log.append(rowsOf(20, JSON.stringify(['x'.repeat(2_000)])), 0);
    await expect.poll(() => texts, { timeout: 10_000 }).toEqual(renderLogEvents(appended));
    expect(writes.length).not.toBe(1);
  });

  it('do not go to a follower that is on its way out', async () => {
    const { log, follow } = await followedLog();
    const { socket, writes } = await follow();
    socket.close();
    const before = writes.length;
    await log.append(rowsOf(5), 0);
    expect(writes.length).toBe(before);
  });
});

it('comes to the end of a log that leapt over numbers, and then reads no more', async () => {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  const open = (bootId: string): SqliteStores => {
    const db = openDatabase(file);
    skipAhead(db, bootId);
    const stores = assemble(db);
    onTestFinished(() => stores.close());
    return stores;
  };
  const first = open('boot-1');
  await first.log.append(rowsOf(1), 0);
  first.close();
  const { log } = open('boot-2');
  let reads = 0;
  const read = log.read.bind(log);
  log.read = (request) => {
    reads += 1;
    return read(request);
  };
  const { follow } = await followedLog({ log });
  const { texts } = await follow();
  // The page with the row, and the one that shows that there is no more.
  await expect.poll(() => reads, { timeout: 10_000 }).toBe(2);
  await log.append(rowsOf(1), 0);
  await expect.poll(() => texts.length, { timeout: 10_000 }).toBeGreaterThan(0);
  expect(reads).toBe(2);
});

describe('a follower that the log passes by', () => {
  const beating = async (log: EventLog, beats: number, passes: () => Promise<unknown>) => {
    // No wall clock: each beat is one run of the timers, after so many commits.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const before = log.top();
    for (let beat = 0; beat < beats; beat += 1) {
      for (let n = 0; n < 100; n += 1) await passes();
      vi.advanceTimersByTime(1_000);
    }
    return Number(log.top()) - Number(before);
  };

  it.each([
    ['nothing', []],
    ['another type', [{ type: 'datasetUpdate', id: '*' }]],
  ])(
    'and that follows %s is written one position a second, and none of the rows',
    async (_what, events) => {
      const { log, follow } = await followedLog();
      const { texts, writes } = await follow(events);
      const passed = await beating(log, 3, () => log.append(rowsOf(10), 0));
      // The library writes the head of a frame by itself.
      expect([passed, countOf(writes, '"sync"'), countOf(writes, '"prev"')]).toEqual([3_000, 3, 0]);
      vi.useRealTimers();
      const syncs = ['1000', '2000', '3000'].map((seq) => `{"action":"sync","seq":"${seq}"}`);
      await expect.poll(() => texts, { timeout: 10_000 }).toEqual(syncs);
    },
  );

  it('is told nothing while the log stands still, and no timer waits', async () => {
    const { log, follow } = await followedLog();
    const { writes } = await follow([{ type: 'datasetUpdate', id: '*' }]);
    await beating(log, 1, () => log.append(rowsOf(1), 0));
    expect([countOf(writes, '"sync"'), vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('takes its timer along when it goes', async () => {
    const { log, follow } = await followedLog();
    const { client, socket } = await follow([{ type: 'datasetUpdate', id: '*' }]);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await log.append(rowsOf(1), 0);
    expect(vi.getTimerCount()).toBe(1);
    const gone = once(socket, 'close');
    client.terminate();
    await gone;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of which it wants the newest row knows it already', async () => {
    const { log, follow } = await followedLog();
    const { writes } = await follow([{ type: 'uploadFile', id: '*' }]);
    await beating(log, 1, () => log.append(rowsOf(2), 0));
    expect(writes.length).toBe(100);
  });
});

describe('what waits in memory for a follower that does not read', () => {
  it('is a page at most, however much is committed', async () => {
    const { log, follow } = await followedLog();
    const { client, socket: ours } = await follow();
    client.pause();
    const data = JSON.stringify(['x'.repeat(10_000)]);
    let most = 0;
    for (let n = 0; n < 4_000; n += 1) {
      await log.append([{ type: 'issueUpdate', id: `i${n}`, kind: 'event', data }], 0);
      most = Math.max(most, ours.bufferedAmount);
    }
    // 40 MB went by: 1 MiB, and then a page of 500 rows of 10 kB.
    expect(most).toBeLessThan(8_000_000);
    let received = 0;
    client.on('message', () => {
      received += 1;
    });
    client.resume();
    await expect.poll(() => received, { timeout: 10_000 }).toBe(4_000);
  });
});

describe('a follower that goes before its page is read', () => {
  it('has none read: the log may be closed by then', async () => {
    const log = memoryLog();
    await log.append(rowsOf(1), 0);
    const read = vi.spyOn(log, 'read');
    const taken: (() => void)[] = [];
    // Full, until the callback of the ping says that the kernel took what was written.
    const socket = Object.assign(new EventEmitter(), {
      ...{ OPEN: 1, readyState: 1, extensions: '', bufferedAmount: 10_000_000, send: () => {} },
      ping: (_data: unknown, _mask: unknown, onTaken: () => void) => taken.push(onTaken),
    });
    const world = { log, problemWith: () => null, ownFrames: true };
    const heartbeat = new FollowerHeartbeat();
    new Follower(socket as unknown as WebSocket, new PassThrough(), { ...world, heartbeat });
    socket.emit('message', JSON.stringify({ action: 'attach', events: ALL, since: '0' }));
    expect(taken).toHaveLength(1);
    socket.readyState = 3;
    socket.emit('close');
    for (const onTaken of taken) onTaken();
    await new Promise((resolve) => setImmediate(resolve));
    expect(read).not.toHaveBeenCalled();
  });
});

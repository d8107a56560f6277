/** Followers of the log, on real WebSockets of a real core. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Follower } from '../../src/core/follower.ts';
import { type EventLog, type NewRow, renderLogEvents } from '../../src/log/event-log.ts';
import { skipAhead } from '../../src/log/sqlite/log-position.ts';
import type { FollowReply, FollowRequest, LogEvent } from '../../src/protocol/events.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { MemoryCommit } from '../contract/memory-commit.ts';
import { MemoryEventLog } from '../contract/memory-event-log.ts';
import { assemble, type SqliteStores } from '../contract/stores.ts';
import { temporaryDirectory } from '../sqlite/temporary-directory.ts';
import { AwakeCore } from './awake-core.ts';

const ALL: FollowRequest['events'] = [{ type: '*', id: '*' }];

class Reader {
  readonly replies: FollowReply[] = [];
  readonly events: LogEvent[] = [];
  readonly socket: WebSocket;
  readonly #changed = new Set<() => void>();

  constructor(socketPath: string) {
    this.socket = new WebSocket(`ws+unix:${socketPath}:/v1/events`);
    this.socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if ('status' in message) this.replies.push(message);
      else this.events.push(message);
      for (const look of [...this.#changed]) look();
    });
  }

  async attach(request: Partial<FollowRequest> = {}): Promise<FollowReply> {
    return this.say(JSON.stringify({ action: 'attach', events: ALL, ...request }));
  }

  async say(text: string): Promise<FollowReply> {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      await new Promise((resolve) => this.socket.once('open', resolve));
    }
    const count = this.replies.length;
    this.socket.send(text);
    await this.until(() => this.replies.length > count);
    return this.replies[count] as FollowReply;
  }

  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const late = () => reject(new Error(`waited in vain; ${this.events.length} events came`));
      const timer = setTimeout(late, 10_000);
      const look = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#changed.delete(look);
        resolve();
      };
      this.#changed.add(look);
    });
  }

  get seqs(): readonly number[] {
    return this.events.map(({ seq }) => Number(seq));
  }
}

let core: AwakeCore;
const readers: Reader[] = [];
beforeEach(async () => {
  core = await AwakeCore.start();
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.socket.terminate();
  await core.dispose();
});

function reader(): Reader {
  const made = new Reader(core.socketPath);
  readers.push(made);
  return made;
}

/** Publishes events with ids from, from + 1, …; `size` bytes of data each. */
async function publish(count: number, { from = 1, size = 0 } = {}): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `i${from + index}`);
  const body = ids.map((id) => ({
    type: 'issueUpdate',
    id,
    data: size === 0 ? [] : ['x'.repeat(size)],
  }));
  const { status } = await core.post('/v1/events', body);
  expect(status).toBe(201);
}

const upTo = (top: number) => Array.from({ length: top }, (_, index) => index + 1);

describe('a follower', () => {
  it('without a position gets what comes from now on', async () => {
    await publish(3);
    const one = reader();
    expect(await one.attach({ rid: 7 })).toEqual({
      ...{ status: 200, message: 'Ok', code: 0, rid: 7 },
      ...{ seq: '3', epoch: expect.any(String), recovered: true },
    });
    await publish(1, { from: 4 });
    await one.until(() => one.events.length === 1);
    expect(one.events[0]).toMatchObject({
      seq: '4',
      type: 'issueUpdate',
      id: 'i4',
      data: [],
      prev: null,
    });
  });

  it('with a position gets everything after it, over many pages, then what comes, without a gap or a repeat', async () => {
    for (let page = 0; page < 3; page += 1) await publish(700, { from: page * 700 });
    const one = reader();
    const attached = one.attach({ since: '0' });
    await publish(50, { from: 5_000 });
    await attached;
    await publish(50, { from: 6_000 });
    await one.until(() => one.events.length >= 2_200);
    expect(one.seqs).toEqual(upTo(2_200));
  });

  it('may write its position with zeros in front, which is the end of the log all the same', async () => {
    await publish(3);
    const one = reader();
    expect(await one.attach({ since: '003' })).toMatchObject({ seq: '3', recovered: true });
  });

  it('misses nothing while rows are committed all the time', async () => {
    const one = reader();
    await one.attach({ since: '0' });
    await Promise.all(Array.from({ length: 200 }, (_, index) => publish(3, { from: index * 3 })));
    await one.until(() => one.events.length >= 600);
    expect(one.seqs).toEqual(upTo(600));
  });

  it('gets only its topics, and prev tells it what it has of each', async () => {
    const one = reader();
    await one.attach({
      events: [
        { type: 'issueUpdate', id: 'a.*' },
        { type: 'uploadFile', id: '*' },
      ],
    });
    for (const [type, id] of [
      ['issueUpdate', 'a.1'],
      ['issueUpdate', 'b'],
      ['uploadFile', 'f'],
      ['issueUpdate', 'a.1'],
      ['datasetUpdate', 'd'],
    ]) {
      await core.post('/v1/events', { type, id, data: [] });
    }
    await one.until(() => one.events.length === 3);
    expect(one.events.map(({ seq, id, prev }) => [seq, id, prev])).toEqual([
      ['1', 'a.1', null],
      ['3', 'f', null],
      ['4', 'a.1', '1'],
    ]);
  });

  it('of a type that does not exist is told so, and gets nothing', async () => {
    const one = reader();
    const events = [
      { type: 'job', id: '*' },
      { type: 'isueUpdate', id: '1' },
    ];
    expect(await one.attach({ events, rid: 4 })).toEqual({
      ...{ status: 400, message: 'Invalid request', code: 5, rid: 4 },
      detail: 'There is no event type isueUpdate; did you mean issueUpdate?',
    });
  });

  it('may attach anew, from another position and to other topics', async () => {
    await publish(2);
    const one = reader();
    await one.attach({ events: [{ type: 'uploadFile', id: '*' }] });
    await one.attach({ since: '1' });
    await one.until(() => one.events.length === 1);
    expect(one.seqs).toEqual([2]);
  });

  it.each([
    ['of another log', { since: '1', epoch: 'other' }],
    ['beyond the end', { since: '999' }],
    ['that is no position', { since: 'yesterday' }],
  ])('with a position %s is told so, and gets what there is', async (_what, request) => {
    await publish(2);
    const one = reader();
    expect(await one.attach(request)).toMatchObject({ status: 200, recovered: false, seq: '0' });
    await one.until(() => one.events.length === 2);
    expect(one.seqs).toEqual([1, 2]);
  });

  it.each([
    'no json',
    '{}',
    '{"action":"attach","events":[]}',
    '{"action":"attach","events":[{"type":"job"}]}',
    '{"action":"detach","events":[{"type":"*","id":"*"}]}',
  ])('that says %s is told 5 and may go on', async (text) => {
    const one = reader();
    expect(await one.say(text)).toEqual({ status: 400, message: 'Invalid request', code: 5 });
    expect(await one.attach()).toMatchObject({ status: 200 });
  });

  it('that does not read holds up nobody, and gets everything in the end', async () => {
    const [slow, quick] = [reader(), reader()];
    await slow.attach({ since: '0' });
    await quick.attach({ since: '0' });
    slow.socket.pause();
    const count = 200;
    for (let n = 0; n < count; n += 20) await publish(20, { from: n, size: 100_000 });
    await quick.until(() => quick.events.length === count);
    slow.socket.resume();
    await slow.until(() => slow.events.length === count);
    expect(slow.seqs).toEqual(upTo(count));
  });

  it('that goes away in the middle of a long read costs nothing', async () => {
    for (let n = 0; n < 10; n += 1) await publish(50, { from: n * 50, size: 20_000 });
    const one = reader();
    await one.attach({ since: '0' });
    one.socket.terminate();
    await publish(1);
    const two = reader();
    await two.attach({ since: '500' });
    await two.until(() => two.events.length === 1);
    expect(core.fatal).toEqual([]);
  });
});

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
        ...{ log, problemWith: () => null, ownFrames },
      });
      ours.push({ socket, writes });
    });
  });
  const { port } = http.address() as AddressInfo;
  onTestFinished(() => {
    for (const { socket } of ours) socket.terminate();
    http.close();
  });
  const follow = async (events: FollowRequest['events'] = ALL) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate });
    onTestFinished(() => client.terminate());
    const texts: string[] = [];
    client.on('message', (data) => texts.push(String(data)));
    await once(client, 'open');
    client.send(JSON.stringify({ action: 'attach', events, since: '0' }));
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
}

const rowsOf = (count: number, data = '["ü"]'): readonly NewRow[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ type: n % 2 === 0 ? 'issueUpdate' : 'uploadFile', id: `i${n}`, kind: 'event', data },
  }));

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

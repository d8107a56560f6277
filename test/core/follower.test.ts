/** Followers of the log, on real WebSockets of a real core. */
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { FollowReply, FollowRequest, LogEvent } from '../../src/protocol/events.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { AwakeCore } from './awake-core.ts';

const ALL: FollowRequest['events'] = [{ type: '*', id: '*' }];

class Reader {
  readonly replies: FollowReply[] = [];
  readonly events: LogEvent[] = [];
  readonly syncs: string[] = [];
  readonly socket: WebSocket;
  readonly #changed = new Set<() => void>();

  constructor(socketPath: string) {
    this.socket = new WebSocket(`ws+unix:${socketPath}:/v1/events`);
    this.socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if ('status' in message) this.replies.push(message);
      else if ('action' in message) this.syncs.push(message.seq);
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

  it('may change what it follows where it stands: before the answer by the old words, after it by the new', async () => {
    const one = reader();
    await one.attach({ events: [{ type: 'uploadFile', id: '*' }], since: '0' });
    const event = (type: string) => core.post('/v1/events', { type, id: 'i', data: [] });
    await event('uploadFile');
    await event('issueUpdate');
    await one.until(() => one.events.length === 1);
    const events = [{ type: 'issueUpdate', id: '*' }];
    expect(await one.say(JSON.stringify({ action: 'reattach', events, rid: 5 }))).toEqual({
      ...{ status: 200, message: 'Ok', code: 0, rid: 5, seq: '2' },
    });
    await event('uploadFile');
    await event('issueUpdate');
    await one.until(() => one.events.length === 2);
    expect(one.seqs).toEqual([1, 4]);
  });

  it('may take its position first, and say later what it follows', async () => {
    await publish(2);
    const one = reader();
    expect(await one.say('{"action":"attach","since":"1"}')).toMatchObject({
      ...{ status: 200, seq: '1', recovered: true },
    });
    await publish(1, { from: 3 });
    const { seq } = await one.say(JSON.stringify({ action: 'reattach', events: ALL }));
    await publish(1, { from: 4 });
    await one.until(() => one.seqs.includes(4));
    expect(one.seqs).toEqual(upTo(4).slice(Number(seq)));
  });

  it('that follows nothing any more gets nothing, and then again everything', async () => {
    const one = reader();
    await one.attach();
    await one.say('{"action":"reattach","events":[]}');
    await publish(5);
    await one.say(JSON.stringify({ action: 'reattach', events: ALL }));
    await publish(1, { from: 6 });
    await one.until(() => one.events.length === 1);
    expect(one.seqs).toEqual([6]);
  });

  it('gets what was appended after each answer, however often it changes while rows are committed', async () => {
    const one = reader();
    await one.attach({ since: '0' });
    const changes: { follows: boolean; from: number }[] = [{ follows: true, from: 0 }];
    const publishing = (async () => {
      for (let n = 0; n < 100; n += 1) await publish(7, { from: n * 7 });
    })();
    for (let n = 0; n < 60; n += 1) {
      const follows = n % 2 === 1;
      const events = follows ? ALL : [];
      const { seq } = await one.say(JSON.stringify({ action: 'reattach', events }));
      changes.push({ follows, from: Number(seq) });
    }
    await publishing;
    const wanted = upTo(700).filter(
      (seq) => changes.findLast(({ from }) => from < seq)?.follows === true,
    );
    await one.until(() => one.events.length >= wanted.length);
    expect(one.seqs).toEqual(wanted);
  });

  it.each([
    ['before it attached', [], 'A reattach changes what an attach began: send that first.'],
    [
      'to a type that does not exist',
      [{ type: 'isueUpdate', id: '*' }],
      'There is no event type isueUpdate; did you mean issueUpdate?',
    ],
  ])('that would change %s is told so, and gets what it got', async (_when, events, detail) => {
    const one = reader();
    if (events.length > 0) await one.attach();
    expect(await one.say(JSON.stringify({ action: 'reattach', events, rid: 3 }))).toEqual({
      ...{ status: 400, message: 'Invalid request', code: 5, rid: 3, detail },
    });
    if (events.length === 0) await one.attach();
    await publish(1);
    await one.until(() => one.events.length === 1);
  });

  it('that gets nothing while the log moves is told where it stands, and goes on from there', async () => {
    const one = reader();
    await one.attach({ events: [{ type: 'uploadFile', id: '*' }] });
    await publish(30);
    await one.until(() => one.syncs.at(-1) === '30');
    expect(one.events).toEqual([]);
    const two = reader();
    expect(await two.attach({ since: '30' })).toMatchObject({ seq: '30', recovered: true });
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
    '{"action":"reattach"}',
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

it.each([
  ['true', 0],
  ['false', 3],
])('with directFrames = %s the library sends %i rows of 3', async (setting, sent) => {
  // Goes below [daemon], which the core of a test begins with.
  const direct = await AwakeCore.start(`directFrames = ${setting}\n`);
  onTestFinished(() => direct.dispose());
  const one = new Reader(direct.socketPath);
  onTestFinished(() => one.socket.terminate());
  await one.attach();
  const send = vi.spyOn(WebSocket.prototype, 'send');
  onTestFinished(() => send.mockRestore());
  const event = { type: 'issueUpdate', id: 'i', data: [] };
  await direct.post('/v1/events', [event, event, event]);
  await one.until(() => one.events.length === 3);
  expect(send.mock.calls.filter(([text]) => String(text).includes('"issueUpdate"'))).toHaveLength(
    sent,
  );
});

it('a core on a machine that was started anew leaps over numbers that may have been given', async () => {
  await publish(2);
  await core.sleep();
  const file = path.join(core.settings.daemon.dataDirectory, 'taskbell.db');
  const db = openDatabase(file);
  db.exec("UPDATE meta SET value = 'another' WHERE key = 'boot_id'");
  db.close();
  await core.wake();
  expect((await core.get('/v1/status')).body.log.top).toBe('1000002');
});

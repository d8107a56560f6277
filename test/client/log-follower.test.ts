import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type GapFacts,
  LogFollower,
  type LogFollowerOptions,
} from '../../src/client/log-follower.ts';
import { deadlineIn } from '../../src/process/service.ts';
import type { LogEvent } from '../../src/protocol/events.ts';
import { ControlServer } from './control-server.ts';
import { eventually } from './eventually.ts';

const EVERYTHING = [{ type: '*', id: '*' }];
const event = (id: string, ...data: number[]) => ({ type: 'issueUpdate', id, data });

let server: ControlServer;
let follower: LogFollower | undefined;
let seen: LogEvent[];
let gaps: GapFacts[];
let states: string[];

beforeEach(async () => {
  server = await ControlServer.create();
  seen = [];
  gaps = [];
  states = [];
});

afterEach(async () => {
  await follower?.stop(deadlineIn(1_000));
  follower = undefined;
  await server.dispose();
});

async function follow(options: Partial<LogFollowerOptions> = {}): Promise<LogFollower> {
  follower = new LogFollower({
    address: { socketPath: server.socketPath },
    events: EVERYTHING,
    onEvent: (one) => seen.push(one),
    onState: (state) => states.push(state),
    onGap: (facts) => gaps.push(facts),
    ...options,
  });
  await follower.start();
  return follower;
}

const seqs = () => seen.map((one) => one.seq);

test('a follower without a position gets what comes after its attach', async () => {
  server.append(event('a'));
  await follow();
  server.append(event('b', 7));
  await eventually(() => seen.length === 1);
  expect(seen[0]).toMatchObject({ id: 'b', data: [7], seq: '2' });
  expect(follower?.position()).toBe('2');
});

test('a follower with a position gets the history first', async () => {
  for (const id of ['a', 'b', 'c']) server.append(event(id));
  await follow({ since: '1' });
  await eventually(() => seen.length === 2);
  expect(seqs()).toEqual(['2', '3']);
});

test('after a restart of the core it resumes where it stood, without loss or repeat', async () => {
  await follow();
  server.append(event('a'));
  await eventually(() => seen.length === 1);
  await server.goAway();
  server.append(event('a'));
  server.append(event('b'));
  await server.listen();
  await eventually(() => seen.length === 3);
  server.append(event('a'));
  await eventually(() => seen.length === 4);
  expect(seqs()).toEqual(['1', '2', '3', '4']);
  expect(server.attaches.at(-1)).toMatchObject({ since: '1', epoch: 'epoch1' });
  expect(states).toEqual(['connected', 'disconnected', 'connected']);
});

test('an event that comes again is dropped', async () => {
  await follow();
  const first = server.append(event('a'));
  server.append(event('a'));
  server.sendRaw(JSON.stringify(first));
  server.append(event('b'));
  await eventually(() => seen.length === 3);
  expect(seqs()).toEqual(['1', '2', '3']);
});

test('a hole in the stream is read again from the last good position', async () => {
  await follow();
  server.holes.add('2');
  for (const id of ['a', 'a', 'a']) server.append(event(id));
  await eventually(() => seen.length === 3);
  expect(seqs()).toEqual(['1', '2', '3']);
  expect(gaps).toEqual([]);
});

test('a hole that is still there after reading again is told as a gap', async () => {
  await follow();
  server.append(event('a'));
  await eventually(() => seen.length === 1);
  const lost = server.append({ type: 'other', id: 'x', data: [] });
  server.holes.add('3');
  server.append(event('a'));
  server.log = server.log.filter((row) => row.seq !== '3');
  const fourth = { ...event('a'), seq: '4', prev: '3', at: lost.at };
  server.log.push(fourth);
  server.sendRaw(JSON.stringify(fourth));
  await eventually(() => gaps.length === 1);
  expect(gaps).toEqual([{ since: '2', seq: '4', epoch: 'epoch1' }]);
  await eventually(() => seen.length === 3);
});

test('a position that the log no longer has is told, and the rest is delivered', async () => {
  for (const id of ['a', 'b', 'c', 'd']) server.append(event(id));
  server.log = server.log.slice(2);
  await follow({ since: '1' });
  await eventually(() => seen.length === 2);
  expect(gaps).toEqual([{ since: '1', seq: '2', epoch: 'epoch1' }]);
  expect(seqs()).toEqual(['3', '4']);
});

test('another log with smaller numbers is told as a gap and followed from its start', async () => {
  await follow();
  for (const id of ['a', 'b', 'c']) server.append(event(id));
  await eventually(() => seen.length === 3);
  await server.goAway();
  server.epoch = 'epoch2';
  server.log = [];
  await server.listen();
  await eventually(() => gaps.length === 1);
  server.append(event('a'));
  await eventually(() => seen.length === 4);
  expect(seqs()).toEqual(['1', '2', '3', '1']);
});

test('a message that is no JSON drops the connection and loses nothing', async () => {
  await follow();
  server.sendRaw('not json');
  server.append(event('a'));
  await eventually(() => seen.length === 1);
  expect(states).toEqual(['connected', 'disconnected', 'connected']);
});

test('while paused nothing is delivered, after resume everything', async () => {
  await follow();
  follower?.pause();
  await server.goAway();
  for (const id of ['a', 'b', 'c']) server.append(event(id));
  await server.listen();
  await eventually(() => server.followerCount === 1);
  const other: LogEvent[] = [];
  const witness = new LogFollower({
    address: { socketPath: server.socketPath },
    events: EVERYTHING,
    since: '0',
    onEvent: (one) => other.push(one),
  });
  await witness.start();
  await eventually(() => other.length === 3);
  await witness.stop(deadlineIn(1_000));
  expect(seen).toEqual([]);
  follower?.resume();
  await eventually(() => seen.length === 3);
});

test('it tells the core who it is', async () => {
  const listen = { address: '127.0.0.1', port: 8081, path: '/ws' };
  await follow({ hello: { role: 'gateway', pid: 11, supervisorPid: 10, listen } });
  const query = Object.fromEntries(server.upgrades[0]?.searchParams ?? []);
  expect(query).toEqual({
    role: 'gateway',
    pid: '11',
    supervisor: '10',
    listen: JSON.stringify(listen),
  });
});

test('a daemon that comes later is waited for', async () => {
  await server.goAway();
  const started = follow();
  await eventually(() => states[0] === 'disconnected');
  await server.listen();
  await started;
  expect(states).toEqual(['disconnected', 'connected']);
});

test('a refused token ends the start with its reason, not with endless tries', async () => {
  server.refuseUpgradeWith = 401;
  await expect(follow()).rejects.toMatchObject({ code: 'E_UNAUTHORIZED' });
});

test('a core that is not ready (503) is tried again', async () => {
  server.refuseUpgradeWith = 503;
  const started = follow();
  await eventually(() => states[0] === 'disconnected');
  server.refuseUpgradeWith = 0;
  await started;
  expect(states).toEqual(['disconnected', 'connected']);
});

test('stop before start, twice, and while it connects leaves nothing behind', async () => {
  const unstarted = new LogFollower({
    address: { socketPath: '/nowhere' },
    events: [],
    onEvent() {},
  });
  await unstarted.stop(deadlineIn(100));
  await unstarted.start();

  await follow();
  await follower?.stop(deadlineIn(1_000));
  await follower?.stop(deadlineIn(1_000));
  await eventually(() => server.followerCount === 0);

  await server.goAway();
  const connecting = new LogFollower({
    address: { socketPath: server.socketPath },
    events: EVERYTHING,
    onEvent() {},
  });
  const started = connecting.start();
  await connecting.stop(deadlineIn(1_000));
  await started;
});

/** A follower that changes on the way what it follows: from when on that counts, and that no gap is made up or hidden. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type GapFacts,
  LogFollower,
  type LogFollowerOptions,
} from '../../src/client/log-follower.ts';
import { deadlineIn } from '../../src/process/service.ts';
import type { LogEvent, Topic } from '../../src/protocol/events.ts';
import { ControlServer } from './control-server.ts';
import { eventually } from './eventually.ts';

const whole = (...types: readonly string[]): readonly Topic[] =>
  types.map((type) => ({ type, id: '*' }));
const event = (type: string, id = 'i') => ({ type, id, data: [] });

let server: ControlServer;
let follower: LogFollower;
let seen: LogEvent[];
let gaps: GapFacts[];
let states: string[];
let refusals: string[];

beforeEach(async () => {
  server = await ControlServer.create();
  seen = [];
  gaps = [];
  states = [];
  refusals = [];
});

afterEach(async () => {
  await follower.stop(deadlineIn(1_000));
  await server.dispose();
});

async function follow(types: readonly string[], options: Partial<LogFollowerOptions> = {}) {
  follower = new LogFollower({
    address: { socketPath: server.socketPath },
    events: whole(...types),
    onEvent: (one) => seen.push(one),
    onState: (state) => states.push(state),
    onGap: (facts) => gaps.push(facts),
    onRefused: (error) => refusals.push(error.message),
    ...options,
  });
  await follower.start();
}

const seqs = () => seen.map((one) => one.seq);

/** The core stops answering changes until what is returned is called. */
function holdAnswers(): () => void {
  let release = (): void => undefined;
  server.reattachable = new Promise((resolve) => {
    release = resolve;
  });
  return release;
}

describe('a change', () => {
  test('counts when the core has answered, and what is published then comes', async () => {
    await follow([]);
    server.append(event('a'));
    const release = holdAnswers();
    let counts = false;
    const changing = follower.reattach(whole('a')).then(() => {
      counts = true;
    });
    await eventually(() => server.reattaches.length === 1);
    server.append(event('a'));
    expect(counts).toBe(false);
    release();
    await changing;
    server.append(event('a'));
    await eventually(() => seen.length === 1);
    expect(seqs()).toEqual(['3']);
    expect(server.attaches[0]).not.toHaveProperty('events');
  });

  test('counts at once while the core is away, and then from where it stood', async () => {
    await follow(['a']);
    server.append(event('a'));
    await eventually(() => seen.length === 1);
    await server.goAway();
    await eventually(() => states.at(-1) === 'disconnected');
    await follower.reattach(whole('a', 'b'));
    server.append(event('b'));
    await server.listen();
    await eventually(() => seen.length === 2);
    expect(seqs()).toEqual(['1', '2']);
    expect(server.attaches.at(-1)).toMatchObject({ since: '1', events: whole('a', 'b') });
    expect(gaps).toEqual([]);
  });

  test('that was not answered when the core went counts from where it stood', async () => {
    await follow(['a']);
    server.append(event('b'));
    holdAnswers();
    const changing = follower.reattach(whole('b'));
    await eventually(() => server.reattaches.length === 1);
    await server.goAway();
    await changing;
    server.append(event('b'));
    await server.listen();
    await eventually(() => seen.length === 2);
    expect(seqs()).toEqual(['1', '2']);
  });

  test('made twice before the first answer ends with the second', async () => {
    await follow(['a']);
    await Promise.all([follower.reattach(whole('b')), follower.reattach(whole('c'))]);
    for (const type of ['a', 'b', 'c']) server.append(event(type));
    await eventually(() => seen.length === 1);
    expect(seqs()).toEqual(['3']);
  });

  test('is over with the follower', async () => {
    await follow(['a']);
    holdAnswers();
    const changing = follower.reattach(whole('b'));
    await follower.stop(deadlineIn(1_000));
    await changing;
    await follower.reattach(whole('c'));
    expect(server.reattaches.length).toBeLessThanOrEqual(1);
  });

  test('before the start is a mistake of the caller', () => {
    const options = { address: { socketPath: server.socketPath }, events: [], onEvent() {} };
    follower = new LogFollower(options);
    expect(() => follower.reattach(whole('a'))).toThrow('before its start');
  });
});

describe('a type that joins later', () => {
  test('whose event before lies after what was seen is no gap', async () => {
    await follow(['a']);
    server.append(event('a'));
    server.append(event('b'));
    await eventually(() => seen.length === 1);
    await follower.reattach(whole('a', 'b'));
    expect(server.append(event('b')).prev).toBe('2');
    await eventually(() => seen.length === 2);
    expect(seqs()).toEqual(['1', '3']);
    expect([gaps, states]).toEqual([[], ['connected']]);
  });

  test('whose event before lies before what was seen is no gap', async () => {
    server.append(event('b'));
    await follow(['a']);
    server.append(event('a'));
    await follower.reattach(whole('a', 'b'));
    server.append(event('b'));
    await eventually(() => seen.length === 2);
    expect(seqs()).toEqual(['2', '3']);
    expect([gaps, states]).toEqual([[], ['connected']]);
  });

  test('and misses an event after that is read again', async () => {
    await follow(['a']);
    await follower.reattach(whole('a', 'b'));
    server.holes.add('1');
    server.append(event('b'));
    server.append(event('b'));
    await eventually(() => seen.length === 2);
    expect(seqs()).toEqual(['1', '2']);
    expect(states).toEqual(['connected', 'disconnected', 'connected']);
  });

  test('does not hide that another one misses an event from before', async () => {
    await follow(['a']);
    server.append(event('a'));
    await eventually(() => seen.length === 1);
    server.holes.add('2');
    server.append(event('a'));
    server.append(event('b'));
    await follower.reattach(whole('a', 'b'));
    expect(follower.position()).toBe('3');
    server.append(event('a'));
    await eventually(() => seen.length === 3);
    // The row of `b` is from before it joined, though it is read again.
    expect(seqs()).toEqual(['1', '2', '4']);
    expect(gaps).toEqual([]);
  });

  test('anew begins anew', async () => {
    await follow(['a', 'b']);
    server.append(event('b'));
    await eventually(() => seen.length === 1);
    await follower.reattach(whole('a'));
    server.append(event('b'));
    await follower.reattach(whole('a', 'b'));
    server.append(event('b'));
    await eventually(() => seen.length === 2);
    expect(seqs()).toEqual(['1', '3']);
    expect([gaps, states]).toEqual([[], ['connected']]);
  });
});

describe('a sync', () => {
  test('moves the position that a resume begins at', async () => {
    await follow(['a']);
    for (let n = 0; n < 5; n += 1) server.append(event('b'));
    server.sendRaw('{"action":"sync","seq":"5"}');
    await eventually(() => follower.position() === '5');
    await server.goAway();
    await server.listen();
    await eventually(() => server.attaches.length === 2);
    expect(server.attaches.at(-1)).toMatchObject({ since: '5' });
  });

  test('that says too much hides nothing', async () => {
    await follow(['a']);
    server.append(event('a'));
    await eventually(() => seen.length === 1);
    server.holes.add('2');
    server.append(event('a'));
    server.sendRaw('{"action":"sync","seq":"2"}');
    await eventually(() => follower.position() === '2');
    server.append(event('a'));
    await eventually(() => seen.length === 3);
    expect(seqs()).toEqual(['1', '2', '3']);
  });
});

describe('events as they were received', () => {
  test('say the same as those that were parsed', async () => {
    await follow(['a'], { asReceived: true });
    for (const id of ['1', '2 \u00e4']) server.append(event('a', id));
    await eventually(() => follower.position() === '2');
    expect(
      seen.map(({ type, id, data, seq, prev, at }) => ({ type, id, data, seq, prev, at })),
    ).toEqual(server.log);
  });

  test('are read again where one of them is missing', async () => {
    await follow(['a'], { asReceived: true });
    server.holes.add('1');
    server.append(event('a', 'other'));
    server.append(event('a', 'other'));
    await eventually(() => follower.position() === '2');
    expect(states).toEqual(['connected', 'disconnected', 'connected']);
    expect([seqs(), gaps]).toEqual([['1', '2'], []]);
  });
});

describe('a core that knows no changes', () => {
  test('is asked for everything, once a connection, and every change counts', async () => {
    server.isOlder = true;
    await follow([]);
    await follower.reattach(whole('a'));
    for (const type of ['a', 'b']) server.append(event(type));
    await eventually(() => seen.length === 2);
    expect(server.attaches.map(({ events }) => events)).toEqual([[{ type: '*', id: '*' }]]);
    expect(refusals).toEqual(['The core refused to attach: Invalid request.']);
  });

  test('and comes while others are followed sends everything from where the change was asked', async () => {
    await follow(['a']);
    server.append(event('b'));
    server.isOlder = true;
    await Promise.all([follower.reattach(whole('a', 'b')), follower.reattach(whole('b'))]);
    server.append(event('b'));
    await eventually(() => seen.length >= 1 && seen.at(-1)?.seq === '2');
    expect(refusals.length).toBe(1);
    // A newer core that comes afterwards is asked for what is wanted again.
    await server.goAway();
    server.isOlder = false;
    await server.listen();
    await eventually(() => server.attaches.at(-1)?.events?.[0]?.type === 'b');
    expect(gaps).toEqual([]);
  });

  test('is an error for a follower that does not reckon with it', async () => {
    server.isOlder = true;
    const plain = new LogFollower({
      address: { socketPath: server.socketPath },
      events: [],
      onEvent() {},
    });
    follower = plain;
    await expect(plain.start()).rejects.toMatchObject({ code: 'E_INVALID_REQUEST' });
  });
});

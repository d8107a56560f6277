/** How the core tells gateways of changes: those that watch, at the right moment, and the whole after its start. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GatewayPresence, type Watcher } from '../../src/core/gateway-presence.ts';
import type { PresenceChange, ToGateway } from '../../src/protocol/gateways.ts';

const LINGER_MS = 10_000;
const ROOM = { type: 'room', id: '7' };

class Gateway implements Watcher {
  told: ToGateway[] = [];

  tell(message: ToGateway): void {
    this.told.push(message);
  }

  /** What it was told since the last time. */
  take(): ToGateway[] {
    return this.told.splice(0);
  }
}

let presence: GatewayPresence;
let one: Gateway;
let two: Gateway;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  presence = new GatewayPresence({ lingerMs: LINGER_MS, nowMono: () => performance.now() });
  one = new Gateway();
  two = new Gateway();
});
afterEach(() => {
  presence.stop();
  vi.useRealTimers();
});

function change(user: string, here: boolean): PresenceChange {
  return { ...ROOM, user, here };
}

function present(gateway: Gateway, user: string, here = true): void {
  presence.hear(gateway, { action: 'present', changes: [change(user, here)] });
}

function watch(gateway: Gateway): void {
  presence.hear(gateway, { action: 'watch', topics: [ROOM] });
}

function state(users: readonly string[], isWhole: boolean): ToGateway {
  return { action: 'presence', states: [{ ...ROOM, users, isWhole }] };
}

test('who watches is told the state, then every change until it watches no more', () => {
  present(one, 'ada');
  vi.advanceTimersByTime(LINGER_MS);
  watch(two);
  expect(two.take()).toEqual([state(['ada'], true)]);
  present(one, 'bob');
  expect(two.take()).toEqual([{ action: 'moved', changes: [change('bob', true)] }]);
  presence.hear(two, { action: 'unwatch', topics: [ROOM] });
  present(one, 'eve');
  expect([...one.take(), ...two.take()]).toEqual([]);
});

test('a leave is told when the linger is over, by a timer', () => {
  present(one, 'ada');
  vi.advanceTimersByTime(LINGER_MS);
  watch(two);
  two.take();
  present(one, 'ada', false);
  vi.advanceTimersByTime(LINGER_MS - 1);
  expect(two.take()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(two.take()).toEqual([{ action: 'moved', changes: [change('ada', false)] }]);
});

test('the people of a gateway that is gone leave after the linger', () => {
  present(one, 'ada');
  vi.advanceTimersByTime(LINGER_MS);
  watch(two);
  two.take();
  presence.gone(one);
  vi.advanceTimersByTime(LINGER_MS - 1);
  expect(two.take()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(two.take()).toEqual([{ action: 'moved', changes: [change('ada', false)] }]);
});

test('after the start the state is not whole until every gateway had the time to come back', () => {
  watch(two);
  present(one, 'ada');
  expect(two.take()).toEqual([
    state([], false),
    { action: 'moved', changes: [change('ada', true)] },
  ]);
  vi.advanceTimersByTime(LINGER_MS - 1);
  expect(two.take()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(two.take()).toEqual([state(['ada'], true)]);
});

test('nothing is due, and no timer runs, when nobody is leaving', () => {
  present(one, 'ada');
  watch(two);
  vi.advanceTimersByTime(LINGER_MS);
  expect(vi.getTimerCount()).toBe(0);
  present(one, 'ada', false);
  expect(vi.getTimerCount()).toBe(1);
  presence.stop();
  expect(vi.getTimerCount()).toBe(0);
});

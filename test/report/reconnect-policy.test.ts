import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideReconnect, reconnectDelayMs } from '../../src/report/reconnect-policy.ts';

const FOR_EVER = { autoReconnect: true, reconnectionAttempts: 0, reconnectionDelay: 1_000 };

function at(attempt: number, fruitless = 0) {
  return { attempt, fruitless };
}

test('the ceiling doubles from reconnectionDelay to 30 s', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 1_000].map((n) => reconnectDelayMs(1_000, n, 1));
  expect(ceilings).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('the jitter is full: the draw spreads the delay over all of 0 to the ceiling', () => {
  expect([0, 0.25, 0.5, 0.75].map((draw) => reconnectDelayMs(1_000, 3, draw))).toEqual([
    0, 1_000, 2_000, 3_000,
  ]);
});

test('no delay is negative or above 30 s, whatever the attempt and the draw', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, draw) => {
        const delayMs = reconnectDelayMs(1_000, n, draw);
        return delayMs >= 0 && delayMs <= 30_000;
      },
    ),
  );
});

test('a reconnectionDelay of 0 backs off as well: a receiver that is away must not be asked without pause', () => {
  expect(reconnectDelayMs(0, 1, 1)).toBeLessThanOrEqual(1);
  expect(reconnectDelayMs(0, 11, 1)).toBe(1_024);
  expect(reconnectDelayMs(0, 5_000, 1)).toBe(30_000);
});

test('a reconnectionDelay above 30 s is its own cap', () => {
  expect(reconnectDelayMs(60_000, 5, 1)).toBe(60_000);
});

test('reconnectionAttempts = 0 never gives up', () => {
  expect(decideReconnect(FOR_EVER, at(1_000_000), 0.5).kind).toBe('retry');
});

test('a positive reconnectionAttempts is honoured, then the client stays down', () => {
  const twice = { ...FOR_EVER, reconnectionAttempts: 2 };
  expect([1, 2, 3].map((n) => decideReconnect(twice, at(n), 0.5))).toEqual([
    { kind: 'retry', delayMs: 500 },
    { kind: 'retry', delayMs: 1_000 },
    { kind: 'stay-down', reason: 'exhausted' },
  ]);
});

test('autoReconnect = false stays down after the first failure', () => {
  expect(decideReconnect({ ...FOR_EVER, autoReconnect: false }, at(1), 0.5)).toEqual({
    kind: 'stay-down',
    reason: 'autoReconnect is off',
  });
});

test('connections that bring nothing lengthen the delay, from the second in a row on, and use up no attempt', () => {
  const once = { ...FOR_EVER, reconnectionAttempts: 1 };
  expect([0, 1, 2, 3, 50].map((fruitless) => decideReconnect(once, at(1, fruitless), 0.5))).toEqual(
    [500, 500, 1_000, 2_000, 15_000].map((delayMs) => ({ kind: 'retry', delayMs })),
  );
});

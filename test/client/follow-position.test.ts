import { expect, test } from 'vitest';
import { isAfter, judgeEvent } from '../../src/client/follow-position.ts';
import { reconnectDelayMs } from '../../src/client/reconnect-delay.ts';

const event = (seq: string, prev: string | null) => ({
  type: 't',
  id: 'i',
  data: [],
  at: '',
  seq,
  prev,
});

test.each([
  ['9', event('10', '9'), 'deliver'],
  ['9', event('12', null), 'deliver'],
  ['9', event('12', '3'), 'deliver'],
  ['10', event('9', '8'), 'repeat'],
  ['10', event('10', '9'), 'repeat'],
  ['9', event('12', '11'), 'missing'],
  ['1-0', event('2-0', '1-0'), 'deliver'],
  ['1-0', event('1-0', null), 'repeat'],
])('after %s, %j is judged %s', (last, next, judgement) => {
  expect(judgeEvent(last, next)).toBe(judgement);
});

test('numbers are ordered as numbers, beyond 2^53 too; other cursors are not ordered', () => {
  expect(isAfter('10', '9')).toBe(true);
  expect(isAfter('9007199254740993', '9007199254740992')).toBe(true);
  expect(isAfter('5', '5')).toBe(false);
  expect(isAfter('a', '5')).toBeUndefined();
});

test('the reconnect delay doubles from 50 ms to 1 s and is spread over its upper half', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7].map((failures) => reconnectDelayMs(failures, 0.999999));
  expect(delays).toEqual([50, 100, 200, 400, 800, 1000, 1000]);
  expect([1, 6].map((failures) => reconnectDelayMs(failures, 0))).toEqual([25, 500]);
});

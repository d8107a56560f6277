import { expect, it } from 'vitest';
import { type RetryPolicy, retryDelayMs } from '../../src/queue/retry-policy.ts';

const policy: RetryPolicy = {
  retries: 9,
  backoffKind: 'exponential',
  backoffMs: 100,
  backoffLimitMs: 300,
};

function schedule(random: number): readonly number[] {
  return [1, 2, 3, 4].map((failures) => retryDelayMs(policy, failures, random));
}

it('doubles the delay with each failure up to the limit', () => {
  expect(schedule(0.5)).toEqual([100, 200, 300, 300]);
});

it('spreads by a tenth either way after it capped, so that jobs at the limit do not wake together', () => {
  expect(schedule(0)).toEqual([90, 180, 270, 270]);
  expect(schedule(1)).toEqual([110, 220, 330, 330]);
});

it('answers whole milliseconds', () => {
  expect(retryDelayMs({ ...policy, backoffKind: 'exponential', backoffMs: 7 }, 1, 0.123)).toBe(6);
});

it('stays a number after more failures than a double can count in powers of two', () => {
  expect(retryDelayMs({ ...policy, backoffKind: 'exponential', backoffMs: 0 }, 5_000, 0.5)).toBe(0);
  expect(retryDelayMs(policy, 5_000, 0.5)).toBe(300);
});

it('waits no longer than a year, whatever the handler of a type says', () => {
  const ages = { ...policy, backoffMs: 8e15, backoffLimitMs: 9e15 };
  expect(retryDelayMs(ages, 1, 0.5)).toBe(365 * 86_400_000);
});

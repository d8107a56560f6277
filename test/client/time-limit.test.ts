/** A time limit of any length, with a clock of its own. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TimeLimit } from '../../src/client/time-limit.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([0, 1, 30 * DAY_MS, 366 * DAY_MS])(
  'a limit of %i ms aborts then, and not before',
  (ms) => {
    const limit = new TimeLimit(ms);
    vi.advanceTimersByTime(Math.max(0, ms - 1));
    expect(limit.signal.aborted).toBe(ms === 0);
    vi.advanceTimersByTime(1);
    expect(limit.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  },
);

test('a limit that was cleared never aborts and leaves no timer', () => {
  const limit = new TimeLimit(30 * DAY_MS);
  vi.advanceTimersByTime(29 * DAY_MS);
  limit.clear();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(DAY_MS);
  expect(limit.signal.aborted).toBe(false);
});

import { expect, it } from 'vitest';
import { nextSize, sliceOf } from '../../src/core/pace.ts';

it('a slice begins when the work does, and is over when its time is', () => {
  let at = 100;
  const slice = sliceOf(3, () => at);
  at = 1_000;
  const isOver = slice();
  expect(isOver()).toBe(false);
  at = 1_002.9;
  expect(isOver()).toBe(false);
  at = 1_003;
  expect(isOver()).toBe(true);
  expect(slice()()).toBe(false);
});

it('a piece that took too long is halved, and one that took a moment is doubled, within bounds', () => {
  const bounds = { least: 10, most: 100, targetMs: 4 };
  expect(nextSize(40, 5, bounds)).toBe(20);
  expect(nextSize(12, 50, bounds)).toBe(10);
  expect(nextSize(40, 2, bounds)).toBe(40);
  expect(nextSize(40, 0.5, bounds)).toBe(80);
  expect(nextSize(80, 0.5, bounds)).toBe(100);
});

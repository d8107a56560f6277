import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatDuration,
  formatSize,
  parseDurationMs,
  readDuration,
  readSize,
} from '../../src/config/values.ts';
import { errorOf } from './loading.ts';

describe('a duration', () => {
  test.each([
    ['0', 0],
    ['1000', 1_000],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['2 H', 7_200_000],
    [' 5s ', 5_000],
  ])('written as "%s" is %i ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  test.each([
    '',
    's',
    '-1s',
    '1w',
    '5 seconds',
    '1h30m',
    '1e3',
    '.5s',
    '99999999999999999999d',
    '5constructor',
  ])('written as "%s" is refused', (text) => {
    const error = errorOf(() => parseDurationMs(text));
    expect(error.code).toBe('E_USAGE');
    expect(error.message).toBe(
      `expected a duration such as 500ms, 30s, 15m, 2h or 1d, got "${text}"`,
    );
    expect(error.hint).toContain('milliseconds');
  });

  test('is read back as the same number from how it is shown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_147_483_647 }), (ms) => {
        expect(readDuration(formatDuration(ms))).toEqual({ ok: true, value: ms });
      }),
    );
  });
});

describe('a size', () => {
  test.each([
    ['512', 512],
    ['512B', 512],
    ['64KiB', 65_536],
    ['64kib', 65_536],
    ['1MiB', 1_048_576],
    ['64kB', 64_000],
    ['1MB', 1_000_000],
    ['0.5KiB', 512],
  ])('written as "%s" is %i bytes', (text, bytes) => {
    expect(readSize(text)).toEqual({ ok: true, value: bytes });
  });

  test.each(['', '1K', '1GiB', '-1', 'KiB', '1 000'])('written as "%s" is refused', (text) => {
    expect(readSize(text).ok).toBe(false);
  });

  test('is read back as the same number from how it is shown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0 }), (bytes) => {
        expect(readSize(formatSize(bytes))).toEqual({ ok: true, value: bytes });
      }),
    );
  });
});

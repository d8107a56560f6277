import { expect, it } from 'vitest';
import { keptLineOf } from '../../src/core/kept-end.ts';

const LINE = { id: '7', attempt: 1, at: 1_000.4, level: 'info' as const, line: 'half way' };

it('keeps a line as it was told, at a whole millisecond', () => {
  expect(keptLineOf(LINE)).toEqual({ ...LINE, at: 1_000 });
});

it('cuts a line of an executor that knows no bound, and marks the cut', () => {
  const { line } = keptLineOf({ ...LINE, line: 'x'.repeat(9_000_000) });
  expect(line).toBe(`${'x'.repeat(16 * 1024 - 1)}…`);
});

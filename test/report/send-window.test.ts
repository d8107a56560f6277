import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SendWindow } from '../../src/report/send-window.ts';
import { endedJob } from './memory-source.ts';

function filled(count: number, next = count): SendWindow {
  const window = new SendWindow('0');
  const ends = Array.from({ length: count }, (_, n) => endedJob(n + 1));
  window.add({ ends, next: String(next) });
  for (const entry of window.waiting()) entry.state = 'emitted';
  return window;
}

test('the cursor goes no further than the first end that is not settled', () => {
  const window = filled(3);
  const [first, second, third] = window.emitted();
  window.settle(third as NonNullable<typeof third>);
  expect(window.settledPosition).toBe('0');
  window.settle(first as NonNullable<typeof first>);
  expect(window.settledPosition).toBe('1');
  window.settle(second as NonNullable<typeof second>);
  expect(window.settledPosition).toBe('3');
  expect(window.size).toBe(0);
});

test('settling twice changes nothing and says so', () => {
  const window = filled(1);
  const [entry] = window.emitted();
  expect(window.settle(entry as NonNullable<typeof entry>)).toBe(true);
  expect(window.settle(entry as NonNullable<typeof entry>)).toBe(false);
  expect(window.settledPosition).toBe('1');
});

test('rows that tell nothing are passed together with the end before them', () => {
  const window = filled(1, 9);
  expect([window.settledPosition, window.readPosition]).toEqual(['0', '9']);
  for (const entry of window.emitted()) window.settle(entry);
  expect(window.settledPosition).toBe('9');
});

test('a page without ends moves an empty window at once', () => {
  const window = new SendWindow('4');
  window.add({ ends: [], next: '11' });
  expect(window.settledPosition).toBe('11');
});

test('a rewind brings back what is not settled, in order, and only that', () => {
  const window = filled(3);
  const [, second] = window.emitted();
  window.settle(second as NonNullable<typeof second>);
  window.rewind();
  expect(window.waiting().map((entry) => entry.end.eventId)).toEqual(['e1', 'e3']);
});

test('in whatever order ends settle, the position is the longest settled prefix', () => {
  const order = fc.shuffledSubarray(Array.from({ length: 64 }, (_, n) => n));
  fc.assert(
    fc.property(order, (settled) => {
      const window = filled(64);
      const entries = window.emitted();
      for (const index of settled) window.settle(entries[index] as (typeof entries)[number]);
      let prefix = 0;
      while (settled.includes(prefix)) prefix += 1;
      expect(window.settledPosition).toBe(String(prefix));
    }),
  );
});

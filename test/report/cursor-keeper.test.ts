import { expect, test } from 'vitest';
import { CursorKeeper } from '../../src/report/cursor-keeper.ts';
import { eventually } from './client-fixture.ts';
import { MemorySource } from './memory-source.ts';

function createKeeper(source: MemorySource, clock = { now: 0 }) {
  const errors: unknown[] = [];
  const keeper = new CursorKeeper('0', {
    source,
    now: () => clock.now,
    delayOnErrorMs: 1,
    onError: (error) => errors.push(error),
  });
  return { keeper, errors, clock };
}

test('a hundred acknowledgements in one turn are one write', async () => {
  const source = new MemorySource();
  const { keeper } = createKeeper(source);
  for (let n = 1; n <= 100; n += 1) keeper.moveTo(String(n));
  await keeper.close(1_000);
  expect(source.advances).toEqual([100]);
});

test('a write that fails is tried again after the delay, with the newest position', async () => {
  const source = new MemorySource();
  source.failAdvances = 2;
  const { keeper, errors } = createKeeper(source);
  keeper.moveTo('1');
  keeper.moveTo('2');
  await eventually(() => source.advances.length > 0);
  expect(source.advances).toEqual([2]);
  expect(errors).toHaveLength(2);
});

test('rows that tell nothing cost a write a second at most, and one at the end', async () => {
  const source = new MemorySource();
  const { keeper, clock } = createKeeper(source);
  clock.now = 999;
  keeper.skipTo('5');
  clock.now = 1_000;
  keeper.skipTo('6');
  await eventually(() => source.advances.length > 0);
  keeper.skipTo('7');
  await keeper.close(1_000);
  expect(source.advances).toEqual([6, 7]);
});

test('closing gives up on a write that does not end', async () => {
  const keeper = new CursorKeeper('0', {
    source: { advance: () => new Promise<void>(() => {}) },
    now: () => 0,
    delayOnErrorMs: 1,
    onError: () => {},
  });
  keeper.moveTo('1');
  await keeper.close(10);
  await keeper.close(10_000);
});

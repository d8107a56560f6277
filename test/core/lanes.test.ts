import { expect, test } from 'vitest';
import { Lanes } from '../../src/core/lanes.ts';

const MAIL = { queue: 'default', type: 'mail', group: null };
const SCAN = { queue: 'slow', type: 'scan', group: null };
const any = () => true;

test('a marked lane is open until a claim saw it empty', () => {
  const lanes = new Lanes();
  lanes.mark([MAIL, SCAN, MAIL]);
  expect(lanes.open(any)).toEqual([MAIL, SCAN]);
  lanes.clear(lanes.open(({ type }) => type === 'mail'));
  expect(lanes.open(any)).toEqual([SCAN]);
});

test('a lane that was marked after the claim was made stays open, whatever that claim saw', () => {
  const lanes = new Lanes();
  lanes.mark([MAIL]);
  const claimed = lanes.open(any);
  lanes.mark([MAIL]);
  lanes.clear(claimed);
  expect(lanes.open(any)).toEqual([MAIL]);
});

test('only lanes that the executor accepts are open to it', () => {
  const lanes = new Lanes();
  lanes.mark([MAIL, SCAN]);
  expect(lanes.open(({ type }) => type === 'scan')).toEqual([SCAN]);
});

test('a paused queue is closed, keeps its lanes, and is open again after', () => {
  const lanes = new Lanes();
  lanes.setPaused('slow', true);
  lanes.mark([MAIL, SCAN]);
  expect(lanes.open(any)).toEqual([MAIL]);
  lanes.setPaused('slow', false);
  expect(lanes.open(any)).toEqual([MAIL, SCAN]);
});

import { expect, it } from 'vitest';
import { planFaults } from './fault-plan.ts';
import { parseJournal } from './journal.ts';
import { drawsOf } from './random.ts';

it('repeats the schedule of a seed, and makes another one of another seed', () => {
  expect(planFaults(7, 50)).toEqual(planFaults(7, 50));
  expect(planFaults(7, 50)).not.toEqual(planFaults(8, 50));
  expect(planFaults(7, 50)).toEqual(planFaults(7, 300).slice(0, 50));
});

it('kills every kind of process in a long run, and lets the service recover before most faults', () => {
  const plan = planFaults(1, 300);
  expect(new Set(plan.map(({ kind }) => kind)).size).toBe(13);
  expect(plan.filter(({ awaitsReady }) => awaitsReady).length).toBeGreaterThan(150);
  expect(plan.some(({ awaitsReady }) => !awaitsReady)).toBe(true);
});

it('has a rolling restart and a kill during retention in a short run, too', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const kinds = planFaults(seed, 30).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['rolling restart', 'core while removing']));
  }
});

it('draws independently for each part of a run', () => {
  const [adds, faults] = [drawsOf(1, 'adds'), drawsOf(1, 'faults')];
  expect(Array.from({ length: 5 }, adds.next)).not.toEqual(Array.from({ length: 5 }, faults.next));
});

it('refuses a journal that it cannot read instead of skipping a line', () => {
  expect(() => parseJournal('start 1 1 50 50\nsta')).toThrow('got "sta"');
});

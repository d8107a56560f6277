import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EndedJob, SWEEP_WINDOW, Sweep, type SweepRules } from '../../src/queue/sweep.ts';

const KEEP: SweepRules = { before: null, excess: 0, full: false };

function jobs(...ends: readonly number[]): readonly EndedJob[] {
  return ends.map((endedAt, index) => ({ id: String(index + 1), endedAt }));
}

function run(rules: Partial<SweepRules>, all: readonly EndedJob[], page = 100) {
  const sweep = new Sweep({ ...KEEP, ...rules });
  const going: string[] = [];
  let seen = 0;
  for (; seen < all.length && !sweep.isDone; seen += page) {
    going.push(...sweep.take(all.slice(seen, seen + page)));
  }
  going.push(...sweep.finish());
  return { going, seen, oldestKept: sweep.oldestKept };
}

describe('a sweep', () => {
  it('lets go of what ended before its time, wherever it stands', () => {
    const { going, oldestKept } = run({ before: 100 }, jobs(5, 500, 99, 100, 7));
    expect(going).toEqual(['1', '3', '5']);
    expect(oldestKept).toBe(100);
  });

  it('lets go of as many as are too many, the oldest ends first', () => {
    const { going, oldestKept } = run({ excess: 2 }, jobs(900, 10, 30, 20, 40));
    expect(going).toEqual(['2', '4']);
    expect(oldestKept).toBe(30);
  });

  it('counts those that go for their age among those that are too many', () => {
    expect(run({ before: 25, excess: 2 }, jobs(10, 20, 30, 40)).going).toEqual(['1', '2']);
    expect(run({ before: 25, excess: 3 }, jobs(10, 20, 30, 40)).going).toEqual(['1', '2', '3']);
  });

  it('keeps the ends of jobs that stood in wait for long, up to its window', () => {
    const late = jobs(...Array.from({ length: SWEEP_WINDOW }, () => 9_000_000));
    const others = Array.from({ length: 500 }, (_, n) => ({ id: `o${n}`, endedAt: n }));
    const { going } = run({ excess: 300 }, [...late, ...others]);
    expect(going).toEqual(others.slice(0, 300).map(({ id }) => id));
  });

  it('ends behind its window where order can be trusted, and never when it is full', () => {
    const all = jobs(...Array.from({ length: 10 * SWEEP_WINDOW }, (_, n) => 1_000 + n));
    expect(run({ before: 1_100 }, all).seen).toBeLessThan(3 * SWEEP_WINDOW);
    expect(run({ before: 1_100, full: true }, all).seen).toBe(all.length);
  });

  it('says nothing of the oldest where all go', () => {
    expect(run({ before: 100 }, jobs(1, 2)).oldestKept).toBeNull();
    expect(run({}, []).oldestKept).toBeNull();
  });

  it('in full lets go of exactly those that are due and so many of the oldest others, in pages of any size', () => {
    const ends = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        ...[ends, fc.integer({ min: 0, max: 50 }), fc.nat(60), fc.integer({ min: 1, max: 70 })],
        (endedAts, before, excess, page) => {
          const all = jobs(...endedAts);
          const { going, oldestKept } = run({ before, excess, full: true }, all, page);
          const due = all.filter((job) => job.endedAt < before).length;
          const count = Math.min(all.length, Math.max(due, excess));
          const byEnd = all.map(({ endedAt }) => endedAt).sort((a, b) => a - b);
          const gone = new Set(going);
          expect(gone.size).toBe(going.length);
          const kept = all.filter(({ id }) => !gone.has(id)).map(({ endedAt }) => endedAt);
          expect(kept.sort((a, b) => a - b)).toEqual(byEnd.slice(count));
          expect(oldestKept).toBe(byEnd[count] ?? null);
        },
      ),
    );
  });
});

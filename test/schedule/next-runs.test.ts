import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newestRuns, nextRuns, type Run } from '../../src/schedule/next-runs.ts';
import { ANCHOR, cron, runsFrom, timesOf } from './times.ts';

const HOUR_MS = 3_600_000;

describe('an interval', () => {
  const spec = timesOf({ every: 60_000 });

  it('is counted from its anchor, whenever one asks', () => {
    expect(nextRuns(spec, ANCHOR, 2).map(({ slot }) => slot)).toEqual([
      ANCHOR + 60_000,
      ANCHOR + 120_000,
    ]);
    const [run] = nextRuns(spec, ANCHOR + 10 * HOUR_MS + 1, 1);
    expect(run?.slot).toBe(ANCHOR + 10 * HOUR_MS + 60_000);
  });

  it('has no run before its first one, though the clock was put back', () => {
    expect(nextRuns(spec, ANCHOR - HOUR_MS, 1)[0]?.slot).toBe(ANCHOR + 60_000);
  });
});

describe('jitter', () => {
  const spec = cron('*/10 * * * *', 'UTC', { jitter: 120_000 });

  it('puts each run off by its own time below the bound, and says so', () => {
    const runs = runsFrom(spec, '2026-01-01T00:00:00Z', 200);
    const delays = runs.map(({ slot, at }) => at - slot);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(120_000);
    expect(new Set(delays).size).toBeGreaterThan(150);
    const [run] = runs;
    expect(run?.shifts).toMatchObject([{ reason: 'jitter', from: '2026-01-01T00:10:00.000Z' }]);
  });

  it('is the same for whoever asks, and another for another schedule', () => {
    const [run] = runsFrom(spec, '2026-01-01T00:00:00Z', 1);
    expect(runsFrom(spec, '2026-01-01T00:09:59Z', 1)).toEqual([run]);
    expect(runsFrom({ ...spec, name: 'other' }, '2026-01-01T00:00:00Z', 1)).not.toEqual([run]);
  });

  it('never reaches the next run, however large it is', () => {
    const runs = nextRuns(timesOf({ every: 1_000, jitter: HOUR_MS }), ANCHOR, 500);
    for (const { slot, at } of runs) expect(at - slot).toBeLessThan(1_000);
  });
});

describe('the newest runs of a stretch', () => {
  it('are those that walking through all of it finds', () => {
    const expressions = ['15 */7 * * * *', '30 2 * * *', '0 0 1 * *', '*/5 * * * *', '0 */6 * * *'];
    const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'UTC'];
    const from = Date.parse('2026-01-01T00:00:00Z');
    fc.assert(
      fc.property(
        fc.record({
          expression: fc.constantFrom(...expressions),
          zone: fc.constantFrom(...zones),
          startHour: fc.integer({ min: 0, max: 364 * 24 }),
          hours: fc.integer({ min: 1, max: 48 }),
          keep: fc.integer({ min: 1, max: 20 }),
        }),
        ({ expression, zone, startHour, hours, keep }) => {
          const spec = cron(expression, zone, { dstOverlap: 'both' });
          const after = from + startHour * HOUR_MS;
          const until = after + hours * HOUR_MS;
          const all: Run[] = [];
          for (let [run] = nextRuns(spec, after, 1); run !== undefined && run.slot <= until; ) {
            all.push(run);
            [run] = nextRuns(spec, run.slot, 1);
          }
          expect(newestRuns(spec, { after, until, keep })).toEqual(all.slice(-keep));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('are found without walking through years of seconds', () => {
    const spec = timesOf({ every: 1_000 });
    const until = ANCHOR + 10 * 365 * 24 * HOUR_MS;
    const runs = newestRuns(spec, { after: ANCHOR, until, keep: 2 });
    expect(runs.map(({ slot }) => slot - until)).toEqual([-1_000, 0]);
  });
});

describe('slots', () => {
  it('come in order, each once, wherever one begins', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca'];
    const expressions = ['*/5 * * * *', '15 */2 * * *', '30 1,2,3 * * *', '0 0 2 * * 0'];
    fc.assert(
      fc.property(
        fc.record({
          zone: fc.constantFrom(...zones),
          expression: fc.constantFrom(...expressions),
          dstGap: fc.constantFrom('skip' as const, 'after' as const),
          dstOverlap: fc.constantFrom('first' as const, 'second' as const, 'both' as const),
          minute: fc.integer({ min: 0, max: 365 * 24 * 60 }),
        }),
        ({ zone, expression, dstGap, dstOverlap, minute }) => {
          const spec = cron(expression, zone, { dstGap, dstOverlap });
          const after = ANCHOR + minute * 60_000;
          const slots = nextRuns(spec, after, 30).map(({ slot }) => slot);
          expect(slots[0]).toBeGreaterThan(after);
          expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b));
          const later = nextRuns(spec, slots[9] ?? 0, 20).map(({ slot }) => slot);
          expect(later).toEqual(slots.slice(10));
        },
      ),
      { numRuns: 200 },
    );
  });
});

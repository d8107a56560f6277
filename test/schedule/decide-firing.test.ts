import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideFiring, ON_TIME_MS } from '../../src/schedule/decide-firing.ts';
import type { ScheduleRecord } from '../../src/schedule/schedule.ts';
import type { ScheduleSpec } from '../../src/schedule/schedule-spec.ts';
import { NOW, scheduleOf, specOf } from './schedule-fixture.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function look(schedule: ScheduleRecord, afterMs: number, previousRuns = false) {
  const firing = decideFiring(schedule, { now: NOW + afterMs, previousRuns });
  const starts = firing.starts.map((slot) => (slot - NOW) / MINUTE);
  const { cursor, pending, nextAt } = firing;
  return { ...firing, starts, after: { ...schedule, cursor, pending, nextAt } };
}

describe('a run that is due', () => {
  it('starts once, however often the schedule is looked at', () => {
    const first = look(scheduleOf(), MINUTE);
    expect(first).toMatchObject({ starts: [1], nextAt: NOW + 2 * MINUTE });
    expect(look(first.after, MINUTE)).toMatchObject({ starts: [], nextAt: NOW + 2 * MINUTE });
  });

  it('is waited for, also through its jitter', () => {
    const schedule = scheduleOf({ jitter: 30_000 });
    const at = schedule.nextAt ?? 0;
    expect(at).toBeGreaterThan(NOW + MINUTE);
    expect(look(schedule, at - NOW - 1)).toMatchObject({ starts: [], nextAt: at, cursor: NOW });
    expect(look(schedule, at - NOW).starts).toEqual([1]);
  });

  it('does not start while the schedule rests', () => {
    for (const rest of [
      { ...scheduleOf(), paused: true },
      { ...scheduleOf(), spec: specOf({ enabled: false }) },
    ]) {
      expect(look(rest, HOUR)).toMatchObject({ starts: [], nextAt: null, cursor: NOW });
    }
  });
});

describe('runs that fell into a time without a daemon', () => {
  it.each([
    ['skip', []],
    ['last', [4]],
    ['all', [1, 2, 3, 4]],
  ] as const)('with missed = %s start as %j', (missed, starts) => {
    const later = 4 * MINUTE + 30_000;
    expect(look(scheduleOf({ missed }), later)).toMatchObject({
      starts,
      cursor: NOW + 4 * MINUTE,
      nextAt: NOW + 5 * MINUTE,
    });
  });

  it('with missed = all are bounded, the newest of them count', () => {
    expect(look(scheduleOf({ missed: 'all', missedLimit: 2 }), 9.5 * MINUTE).starts).toEqual([
      8, 9,
    ]);
  });

  it('are not made up for beside one that is on time, unless all are', () => {
    const onTime = 4 * MINUTE + ON_TIME_MS;
    expect(look(scheduleOf({ missed: 'skip' }), onTime).starts).toEqual([4]);
    expect(look(scheduleOf({ missed: 'last' }), onTime).starts).toEqual([4]);
    expect(look(scheduleOf({ missed: 'all' }), onTime).starts).toEqual([1, 2, 3, 4]);
    expect(look(scheduleOf({ missed: 'skip' }), onTime + 1).starts).toEqual([]);
  });

  it.each(['skip', 'last', 'all'] as const)(
    'for a moment only are on time with missed = %s',
    (missed) => {
      const schedule = scheduleOf({ every: 1_000, missed });
      expect(look(schedule, 5_500).starts).toHaveLength(5);
    },
  );
});

describe('a wall clock that jumps', () => {
  it('back repeats nothing, and the schedule goes on when the clock is there again', () => {
    const { after } = look(scheduleOf(), 60 * MINUTE);
    const back = look(after, 10 * MINUTE);
    expect(back).toMatchObject({ starts: [], nextAt: NOW + 61 * MINUTE });
    expect(look(back.after, 61 * MINUTE).starts).toEqual([61]);
  });

  it('forward by a day is a day without a daemon', () => {
    const day = 24 * 60;
    const at = day * MINUTE + 30_000;
    expect(look(scheduleOf({ missed: 'skip' }), at).starts).toEqual([]);
    expect(look(scheduleOf({ missed: 'last' }), at).starts).toEqual([day]);
    expect(look(scheduleOf({ missed: 'all', missedLimit: 3 }), at).starts).toEqual([
      day - 2,
      day - 1,
      day,
    ]);
  });

  it('never starts a slot twice nor out of order, whatever the clock does', () => {
    const policies = fc.record({
      missed: fc.constantFrom<ScheduleSpec['missed']>('skip', 'last', 'all'),
      overlap: fc.constantFrom<ScheduleSpec['overlap']>('allow', 'skip', 'cancel-previous'),
      jitter: fc.constantFrom(0, 20_000),
    });
    const looks = fc.array(
      fc.record({ atMs: fc.integer({ min: 0, max: 3 * HOUR }), runs: fc.boolean() }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(policies, looks, (spec, times) => {
        let schedule = scheduleOf(spec);
        const started: number[] = [];
        for (const { atMs, runs } of times) {
          const firing = look(schedule, atMs, runs);
          started.push(...firing.starts);
          schedule = firing.after;
        }
        expect(started).toEqual([...new Set(started)].sort((a, b) => a - b));
      }),
    );
  });
});

describe('a run whose predecessor has not ended', () => {
  it.each([
    ['allow', { starts: [1], cancelPrevious: false, pending: null }],
    ['skip', { starts: [], cancelPrevious: false, pending: null }],
    ['queue', { starts: [], cancelPrevious: false, pending: NOW + MINUTE }],
    ['cancel-previous', { starts: [1], cancelPrevious: true, pending: null }],
  ] as const)('with overlap = %s comes to %j', (overlap, outcome) => {
    expect(look(scheduleOf({ overlap }), MINUTE, true)).toMatchObject(outcome);
  });

  it.each(['allow', 'skip', 'queue', 'cancel-previous'] as const)(
    'has no bearing on one that has ended, with overlap = %s',
    (overlap) => {
      expect(look(scheduleOf({ overlap }), MINUTE)).toMatchObject({
        starts: [1],
        cancelPrevious: false,
        pending: null,
      });
    },
  );

  it('waits as one at most, and starts at the end of that one', () => {
    const schedule = scheduleOf({ overlap: 'queue' });
    const first = look(schedule, MINUTE, true);
    const second = look(first.after, 2 * MINUTE, true);
    expect(second.pending).toBe(NOW + 2 * MINUTE);
    const ended = look(second.after, 2.5 * MINUTE);
    expect(ended).toMatchObject({ starts: [2], pending: null });
    expect(look(ended.after, 2.6 * MINUTE).starts).toEqual([]);
  });

  it('is one of several that are made up for: they do not run beside each other', () => {
    const missed = { missed: 'all' } as const;
    const at = 3.5 * MINUTE;
    expect(look(scheduleOf({ ...missed, overlap: 'skip' }), at).starts).toEqual([1]);
    expect(look(scheduleOf({ ...missed, overlap: 'cancel-previous' }), at).starts).toEqual([3]);
    expect(look(scheduleOf({ ...missed, overlap: 'queue' }), at)).toMatchObject({
      starts: [1],
      pending: NOW + 3 * MINUTE,
    });
  });

  it('is not cancelled when nothing is due', () => {
    const schedule = scheduleOf({ overlap: 'cancel-previous' });
    expect(look(schedule, 30_000, true)).toMatchObject({ starts: [], cancelPrevious: false });
  });
});

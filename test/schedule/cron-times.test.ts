/**
 * Vectors of clock changes. The moments are those of the tz database: Berlin 2026-03-29 02:00 → 03:00 and
 * 2026-10-25 03:00 → 02:00; New York 2026-03-08 and 2026-11-01; Lord Howe half an hour, 2026-04-05 and 2026-10-04.
 */
import { describe, expect, it } from 'vitest';
import { cron, localRuns, localText, runsFrom } from './times.ts';

const BERLIN = 'Europe/Berlin';
const NEW_YORK = 'America/New_York';
const LORD_HOWE = 'Australia/Lord_Howe';

describe('a time that the clock jumps over', () => {
  it.each([
    ['after', '2026-03-29 03:00:00 +02:00'],
    ['skip', '2026-03-30 02:30:00 +02:00'],
  ] as const)('with dstGap = %s runs next at %s', (dstGap, next) => {
    const spec = cron('30 2 * * *', BERLIN, { dstGap });
    expect(localRuns(spec, '2026-03-27T12:00:00Z', 2)).toEqual([
      '2026-03-28 02:30:00 +01:00',
      next,
    ]);
  });

  it('is said to be shifted, from where and why', () => {
    const [run] = runsFrom(cron('30 2 * * *', BERLIN), '2026-03-28T12:00:00Z', 1);
    const detail = 'the clock jumps from 02:00:00 to 03:00:00';
    expect(run?.shifts).toEqual([{ reason: 'gap', from: '2026-03-29 02:30:00', detail }]);
  });

  it('runs once, however many times of it fell into the gap', () => {
    const spec = cron('0,20,40 2,4 * * *', BERLIN);
    expect(localRuns(spec, '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29 03:00:00 +02:00',
      '2026-03-29 04:00:00 +02:00',
      '2026-03-29 04:20:00 +02:00',
    ]);
  });

  it('is one with the run that is due at the end of the gap anyway, which is not shifted', () => {
    const runs = runsFrom(cron('0 2,3,4 * * *', BERLIN), '2026-03-29T00:00:00Z', 2);
    expect(runs.map(({ slot }) => localText(slot, BERLIN))).toEqual([
      '2026-03-29 03:00:00 +02:00',
      '2026-03-29 04:00:00 +02:00',
    ]);
    expect(runs[0]?.shifts).toEqual([]);
  });

  it('of half an hour and of other zones is found as well', () => {
    expect(localRuns(cron('15 2 * * *', LORD_HOWE), '2026-10-03T00:00:00Z', 2)).toEqual([
      '2026-10-04 02:30:00 +11:00',
      '2026-10-05 02:15:00 +11:00',
    ]);
    expect(localRuns(cron('59 2 8 3 *', NEW_YORK), '2026-03-01T00:00:00Z', 1)).toEqual([
      '2026-03-08 03:00:00 -04:00',
    ]);
    // Samoa had no 30 December 2011: it moved to the other side of the date line.
    expect(localRuns(cron('0 12 * * *', 'Pacific/Apia'), '2011-12-29T10:00:00Z', 3)).toEqual([
      '2011-12-29 12:00:00 -10:00',
      '2011-12-31 00:00:00 +14:00',
      '2011-12-31 12:00:00 +14:00',
    ]);
  });
});

describe('a time that the clock shows twice', () => {
  it.each([
    ['first', ['2026-10-25 02:30:00 +02:00', '2026-10-26 02:30:00 +01:00']],
    ['second', ['2026-10-25 02:30:00 +01:00', '2026-10-26 02:30:00 +01:00']],
    ['both', ['2026-10-25 02:30:00 +02:00', '2026-10-25 02:30:00 +01:00']],
  ] as const)('with dstOverlap = %s runs at %j', (dstOverlap, runs) => {
    const spec = cron('30 2 * * *', BERLIN, { dstOverlap });
    expect(localRuns(spec, '2026-10-24T12:00:00Z', 2)).toEqual(runs);
  });

  it('is said to be one of two', () => {
    const spec = cron('30 2 * * *', BERLIN, { dstOverlap: 'both' });
    expect(runsFrom(spec, '2026-10-24T12:00:00Z', 2).flatMap(({ shifts }) => shifts)).toEqual([
      {
        reason: 'overlap',
        from: '2026-10-25 02:30:00',
        detail: 'the clock shows 02:30:00 twice, this is the first',
      },
      {
        reason: 'overlap',
        from: '2026-10-25 02:30:00',
        detail: 'the clock shows 02:30:00 twice, this is the second',
      },
    ]);
  });

  it('begins with the first minute of the hour and ends before the last', () => {
    const spec = cron('0 1,2,3 25 10 *', BERLIN, { dstOverlap: 'both' });
    expect(localRuns(spec, '2026-10-24T12:00:00Z', 4)).toEqual([
      '2026-10-25 01:00:00 +02:00',
      '2026-10-25 02:00:00 +02:00',
      '2026-10-25 02:00:00 +01:00',
      '2026-10-25 03:00:00 +01:00',
    ]);
  });

  it.each([
    ['first', '+02:00'],
    ['second', '+01:00'],
  ] as const)(
    'with dstOverlap = %s runs once at the very edges of the hour',
    (dstOverlap, offset) => {
      const spec = cron('0 2,3 25 10 *', BERLIN, { dstOverlap });
      expect(localRuns(spec, '2026-10-24T12:00:00Z', 2)).toEqual([
        `2026-10-25 02:00:00 ${offset}`,
        '2026-10-25 03:00:00 +01:00',
      ]);
    },
  );

  it('of half an hour and of other zones is found as well', () => {
    const lordHowe = cron('45 1 * * *', LORD_HOWE, { dstOverlap: 'both' });
    expect(localRuns(lordHowe, '2026-04-04T00:00:00Z', 2)).toEqual([
      '2026-04-05 01:45:00 +11:00',
      '2026-04-05 01:45:00 +10:30',
    ]);
    const newYork = cron('30 1 * * *', NEW_YORK, { dstOverlap: 'second' });
    expect(localRuns(newYork, '2026-11-01T00:00:00Z', 1)).toEqual(['2026-11-01 01:30:00 -05:00']);
  });

  it('is not taken twice when asked again from within', () => {
    const spec = cron('30 2 * * *', BERLIN);
    // 02:45 of the first passage, and 02:15 of the second.
    for (const after of ['2026-10-25T00:45:00Z', '2026-10-25T01:15:00Z']) {
      expect(localRuns(spec, after, 1)).toEqual(['2026-10-26 02:30:00 +01:00']);
    }
  });
});

describe('an expression that names every hour keeps its pace', () => {
  it('through a gap, where nothing is made up for', () => {
    expect(localRuns(cron('*/20 * * * *', BERLIN), '2026-03-29T00:30:00Z', 4)).toEqual([
      '2026-03-29 01:40:00 +01:00',
      '2026-03-29 03:00:00 +02:00',
      '2026-03-29 03:20:00 +02:00',
      '2026-03-29 03:40:00 +02:00',
    ]);
    expect(localRuns(cron('30 * * * *', BERLIN), '2026-03-29T00:00:00Z', 2)).toEqual([
      '2026-03-29 01:30:00 +01:00',
      '2026-03-29 03:30:00 +02:00',
    ]);
  });

  it.each(['first', 'second', 'both'] as const)(
    'through an overlap, whose both hours run with dstOverlap = %s',
    (dstOverlap) => {
      const spec = cron('*/5 * * * *', BERLIN, { dstOverlap });
      const runs = runsFrom(spec, '2026-10-24T23:00:00Z', 48);
      const distances = runs.slice(1).map(({ slot }, index) => slot - (runs[index]?.slot ?? 0));
      expect(new Set(distances)).toEqual(new Set([300_000]));
    },
  );

  it('by the second, through a gap of half an hour', () => {
    const runs = runsFrom(cron('*/10 * * * * *', LORD_HOWE), '2026-10-03T15:29:50Z', 3);
    expect(runs.map(({ slot }) => localText(slot, LORD_HOWE))).toEqual([
      '2026-10-04 02:30:00 +11:00',
      '2026-10-04 02:30:10 +11:00',
      '2026-10-04 02:30:20 +11:00',
    ]);
  });
});

describe('a calendar', () => {
  it('without clock changes is followed in its zone', () => {
    expect(localRuns(cron('0 9 * * 1-5', 'Asia/Tokyo'), '2026-07-03T00:00:00Z', 3)).toEqual([
      '2026-07-06 09:00:00 +09:00',
      '2026-07-07 09:00:00 +09:00',
      '2026-07-08 09:00:00 +09:00',
    ]);
    expect(localRuns(cron('0 0 * * *', 'Asia/Kathmandu'), '2026-07-03T00:00:00Z', 1)).toEqual([
      '2026-07-04 00:00:00 +05:45',
    ]);
  });

  it('has a 29 February every four years, and none in 2100', () => {
    const spec = cron('0 12 29 2 *', BERLIN);
    expect(localRuns(spec, '2026-01-01T00:00:00Z', 2)).toEqual([
      '2028-02-29 12:00:00 +01:00',
      '2032-02-29 12:00:00 +01:00',
    ]);
    expect(localRuns(spec, '2097-01-01T00:00:00Z', 1)).toEqual(['2104-02-29 12:00:00 +01:00']);
  });

  it('has seconds when there are six fields', () => {
    expect(localRuns(cron('15,45 59 23 31 12 *', 'UTC'), '2026-06-01T00:00:00Z', 3)).toEqual([
      '2026-12-31 23:59:15 +00:00',
      '2026-12-31 23:59:45 +00:00',
      '2027-12-31 23:59:15 +00:00',
    ]);
  });

  it('joins day of month and weekday with or, as cron does', () => {
    expect(localRuns(cron('0 0 1 * 1', 'UTC'), '2026-05-29T00:00:00Z', 2)).toEqual([
      '2026-06-01 00:00:00 +00:00',
      '2026-06-08 00:00:00 +00:00',
    ]);
  });

  it('that never comes has no runs', () => {
    expect(localRuns(cron('0 0 30 2 *', 'UTC'), '2026-01-01T00:00:00Z', 1)).toEqual([]);
  });
});

describe('the next run after a moment', () => {
  it('lies behind it, also when the moment is a run itself', () => {
    const spec = cron('* * * * * *', 'UTC');
    for (const [after, next] of [
      ['2026-01-01T00:00:00.000Z', '2026-01-01 00:00:01 +00:00'],
      ['2026-01-01T00:00:00.999Z', '2026-01-01 00:00:01 +00:00'],
      ['2026-01-01T00:00:01.000Z', '2026-01-01 00:00:02 +00:00'],
    ] as const) {
      expect(localRuns(spec, after, 1)).toEqual([next]);
    }
  });

  it('does not come again after the moment of a gap', () => {
    const spec = cron('30 2 * * *', BERLIN);
    const [gap] = runsFrom(spec, '2026-03-28T12:00:00Z', 1);
    const after = new Date(gap?.slot ?? 0).toISOString();
    expect(localRuns(spec, after, 1)).toEqual(['2026-03-30 02:30:00 +02:00']);
  });
});

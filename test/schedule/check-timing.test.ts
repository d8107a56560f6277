import { describe, expect, it } from 'vitest';
import { findTimingProblem } from '../../src/schedule/check-timing.ts';
import { cron, timesOf } from './times.ts';

const NOW = Date.parse('2026-11-22T00:00:00Z');

describe('the times of a schedule', () => {
  it.each([
    cron('30 2 * * *', 'Europe/Berlin'),
    cron('0 30 2 * * *', 'America/New_York'),
    cron('0 12 29 2 *', 'UTC'),
    cron('@daily', 'UTC'),
    cron('0 0 L * *', 'UTC'),
    timesOf({ every: 1_000 }),
  ])('%j are fine', (timing) => {
    expect(findTimingProblem(timing, NOW)).toBeNull();
  });

  it.each([
    [cron('0 0 30 2 *', 'UTC'), 'cron', 'which never does'],
    [cron('0 0 31 4,6,9,11 *', 'UTC'), 'cron', 'which never does'],
    [cron('0 0 29 2 +MON', 'UTC'), 'cron', 'comes due within 5 years'],
    [cron('61 * * * *', 'UTC'), 'cron', 'Invalid value for minute: 61'],
    [cron('* * *', 'UTC'), 'cron', 'five fields, or of six with seconds'],
    [cron('0 0 0 1 1 * 2030', 'UTC'), 'cron', 'five fields, or of six with seconds'],
    [cron('0 0 * * *', 'Europe/Berlinn'), 'timezone', '"Europe/Berlinn"'],
    [cron('0 0 * * *', '+02:00'), 'timezone', 'IANA time zone'],
    [timesOf({}), 'cron', 'got neither of them'],
    [cron('0 0 * * *', 'UTC', { every: 1_000 }), 'every', 'got both'],
  ] as const)('%j are refused', (timing, field, words) => {
    const problem = findTimingProblem(timing, NOW);
    expect(problem?.field).toBe(field);
    expect(problem?.text).toContain(words);
    expect(problem?.text).toMatch(/^expected /);
  });

  it('that fall into the gap of the clock only, and are skipped there, never come', () => {
    // The last Sunday of March is the day of the change, in every year.
    const gap = cron('30 2 25-31 3 +SUN', 'Europe/Berlin', { dstGap: 'skip' });
    expect(findTimingProblem(gap, NOW)?.text).toContain('which never does');
  });
});

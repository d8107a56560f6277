/** Schedules for tests, and their runs as local times that a person can check against a calendar. */
import { nextRuns, type Run, type TimesOf } from '../../src/schedule/next-runs.ts';
import { findZone } from '../../src/schedule/zone.ts';

export const ANCHOR = Date.parse('2026-01-01T00:00:00Z');

export function timesOf(more: Partial<TimesOf>): TimesOf {
  return {
    name: 'test',
    anchor: ANCHOR,
    cron: null,
    every: null,
    timezone: 'UTC',
    dstGap: 'after',
    dstOverlap: 'first',
    jitter: 0,
    ...more,
  };
}

export function cron(expression: string, timezone: string, more: Partial<TimesOf> = {}): TimesOf {
  return timesOf({ cron: expression, timezone, ...more });
}

/** `2026-03-29 03:00:00 +02:00` */
export function localText(instant: number, timezone: string): string {
  const offset = findZone(timezone)?.offsetAt(instant) ?? Number.NaN;
  const minutes = Math.abs(offset) / 60_000;
  const part = (value: number) => String(value).padStart(2, '0');
  const sign = offset < 0 ? '-' : '+';
  const wall = new Date(instant + offset).toISOString().slice(0, 19).replace('T', ' ');
  return `${wall} ${sign}${part(Math.floor(minutes / 60))}:${part(minutes % 60)}`;
}

export function runsFrom(spec: TimesOf, after: string, count: number): readonly Run[] {
  return nextRuns(spec, Date.parse(after), count);
}

/** The next slots as local times. */
export function localRuns(spec: TimesOf, after: string, count: number): readonly string[] {
  return runsFrom(spec, after, count).map(({ slot }) => localText(slot, spec.timezone));
}

/** Schedules for tests, every field decided. */
import { createSchedule, type ScheduleRecord } from '../../src/schedule/schedule.ts';
import type { ScheduleSpec } from '../../src/schedule/schedule-spec.ts';

export const NOW = Date.parse('2026-11-22T00:00:00Z');

export function specOf(more: Partial<ScheduleSpec> = {}): ScheduleSpec {
  return {
    name: 'nightly',
    cron: null,
    every: more.cron === undefined || more.cron === null ? 60_000 : null,
    timezone: 'UTC',
    job: 'archive',
    payload: '{"a":1}',
    queue: null,
    priority: 0,
    userId: null,
    missed: 'last',
    missedLimit: 100,
    overlap: 'allow',
    dstGap: 'after',
    dstOverlap: 'first',
    jitter: 0,
    enabled: true,
    ...more,
  };
}

/** Made at NOW. */
export function scheduleOf(more: Partial<ScheduleSpec> = {}): ScheduleRecord {
  return createSchedule(specOf(more), 'api', NOW);
}

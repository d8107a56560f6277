/**
 * A schedule as the core knows it, and how it changes by the hand of people. Pure. Times are epoch
 * milliseconds.
 */
import { nextRuns, type TimesOf } from './next-runs.ts';
import { type ScheduleSpec, sameTimes } from './schedule-spec.ts';

/** Who a schedule belongs to: what stands in the configuration is changed there only. */
export type ScheduleSource = 'config' | 'api';

export interface ScheduleState {
  /** The last settled slot: it ran or was dropped. At first, when the schedule was made. */
  readonly cursor: number;
  /** `overlap = queue`: the slot that waits for the end of the run before. */
  readonly pending: number | null;
}

export interface ScheduleRecord extends ScheduleState {
  readonly spec: ScheduleSpec;
  readonly source: ScheduleSource;
  readonly paused: boolean;
  /** Intervals are counted from here. */
  readonly createdAt: number;
  /** When it is to be looked at; null: never by the clock. */
  readonly nextAt: number | null;
  readonly lastRunAt: number | null;
  /** Ids of its jobs, the newest last: those that had not ended when it was last looked at, and the last one. */
  readonly jobs: readonly string[];
}

/** More of them at once are running only if something is wrong; the oldest are no longer watched then. */
const MAX_JOBS_WATCHED = 100;

export function isActive({ spec, paused }: Pick<ScheduleRecord, 'spec' | 'paused'>): boolean {
  return spec.enabled && !paused;
}

export function timesOf({ spec, createdAt }: ScheduleRecord): TimesOf {
  return { ...spec, anchor: createdAt };
}

/** When the first run starts that is not settled. */
export function deadlineOf(schedule: ScheduleRecord): number | null {
  if (!isActive(schedule)) return null;
  return nextRuns(timesOf(schedule), schedule.cursor, 1)[0]?.at ?? null;
}

export function createSchedule(
  spec: ScheduleSpec,
  source: ScheduleSource,
  now: number,
): ScheduleRecord {
  return withDeadline({
    ...{ spec, source, paused: false, createdAt: now, cursor: now },
    ...{ pending: null, nextAt: null, lastRunAt: null, jobs: [] },
  });
}

/** Runs that the new times would have had before now are nobody's; those of unchanged times stay due. */
export function changeSchedule(
  schedule: ScheduleRecord,
  { spec, source, now }: { spec: ScheduleSpec; source: ScheduleSource; now: number },
): ScheduleRecord {
  const goesOn = sameTimes(schedule.spec, spec) && schedule.spec.enabled === spec.enabled;
  const changed = {
    ...{ ...schedule, spec, source },
    cursor: goesOn ? schedule.cursor : Math.max(schedule.cursor, now),
    pending: spec.overlap === 'queue' && spec.enabled ? schedule.pending : null,
  };
  return withDeadline(changed);
}

/** What fell into the pause is not made up for. */
export function pauseSchedule(
  schedule: ScheduleRecord,
  paused: boolean,
  now: number,
): ScheduleRecord {
  if (paused === schedule.paused) return schedule;
  const cursor = paused ? schedule.cursor : Math.max(schedule.cursor, now);
  return withDeadline({ ...schedule, paused, cursor, pending: null });
}

/** The jobs of a schedule that are worth remembering after some were added. */
export function watchedJobs(
  { spec, jobs }: ScheduleRecord,
  { unfinished, added }: { unfinished: readonly string[]; added: readonly string[] },
): readonly string[] {
  const last = added.at(-1) ?? jobs.at(-1);
  // Whoever lets runs overlap never asks whether one has ended.
  const others = spec.overlap === 'allow' ? [] : [...unfinished, ...added];
  const all = new Set([
    ...others.filter((id) => id !== last),
    ...(last === undefined ? [] : [last]),
  ]);
  return [...all].slice(-MAX_JOBS_WATCHED);
}

function withDeadline(schedule: ScheduleRecord): ScheduleRecord {
  return { ...schedule, nextAt: deadlineOf(schedule) };
}

/** Schedules and their runs as lines of text. Pure. */
import { formatDuration } from '../config/values.ts';
import type { RunView, ScheduleView } from '../protocol/schedules.ts';
import { type Painter, paintState } from './painter.ts';
import { cell, formatTable } from './table.ts';

export function scheduleTable(
  schedules: readonly ScheduleView[],
  paint: Painter,
): readonly string[] {
  const rows = schedules.map((schedule) => [
    schedule.name,
    timesOf(schedule),
    schedule.job,
    stateOf(schedule),
    cell(schedule.nextRun),
    cell(schedule.lastRun),
    lastJobOf(schedule, paint) ?? '-',
  ]);
  const head = ['SCHEDULE', 'TIMES', 'JOB', 'STATE', 'NEXT RUN', 'LAST RUN', 'LAST JOB'];
  return formatTable([head, ...rows]);
}

export function describeSchedule(schedule: ScheduleView, paint: Painter): readonly string[] {
  const { missed, missedLimit, jitterMs } = schedule;
  const facts: readonly (readonly [string, string | null])[] = [
    ['name', schedule.name],
    ['from', schedule.source === 'config' ? 'the configuration' : 'the API'],
    ['state', stateOf(schedule)],
    ['times', timesOf(schedule)],
    ['clock', `gap ${schedule.dstGap}, overlap ${schedule.dstOverlap}`],
    ['jitter', jitterMs === 0 ? null : `up to ${formatDuration(jitterMs)}`],
    ['missed', missed === 'all' ? `all, at most ${missedLimit}` : missed],
    ['overlap', schedule.overlap],
    ['job', schedule.job],
    ['payload', JSON.stringify(schedule.payload)],
    ['queue', schedule.queue],
    ['priority', String(schedule.priority)],
    ['user', schedule.userId],
    ['created', schedule.createdAt],
    ['next run', schedule.nextRun],
    ['waiting', schedule.waitingSince],
    ['last run', schedule.lastRun],
    ['last job', lastJobOf(schedule, paint)],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(9)} ${value}`]));
}

export function runTable(runs: readonly RunView[]): readonly string[] {
  const rows = runs.map(({ local, at, shifts }) => [
    local,
    at,
    cell(shifts.map(({ reason, from, detail }) => `${reason} (${from}): ${detail}`).join('; ')),
  ]);
  return formatTable([['LOCAL TIME', 'UTC', 'SHIFTED'], ...rows]);
}

function timesOf({ cron, everyMs, timezone }: ScheduleView): string {
  if (everyMs !== null) return `every ${formatDuration(everyMs)}`;
  return `${cron} ${timezone}`;
}

function stateOf({ enabled, paused }: ScheduleView): string {
  if (!enabled) return 'off';
  return paused ? 'paused' : 'on';
}

function lastJobOf({ lastJob }: ScheduleView, paint: Painter): string | null {
  if (lastJob === null) return null;
  const { id, state } = lastJob;
  return `${id} ${state === null ? '(removed)' : paintState(paint, state)}`;
}

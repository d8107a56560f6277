/** Schedules and their runs as the API shows them. Pure. */
import type { Redaction } from '../privacy/redaction.ts';
import type { RunView, ScheduleView } from '../protocol/schedules.ts';
import { shownOf } from '../protocol/sealed-text.ts';
import { localText } from '../schedule/local-text.ts';
import type { Run } from '../schedule/next-runs.ts';
import type { ScheduleFacts } from './api-context.ts';

/** @param redaction hides fields of the payload */
export function toScheduleView(facts: ScheduleFacts, redaction: Redaction): ScheduleView {
  const { schedule, lastJob } = facts;
  const { spec, source, paused, jobs } = schedule;
  const lastId = jobs.at(-1);
  return {
    ...{ name: spec.name, source, cron: spec.cron, everyMs: spec.every, timezone: spec.timezone },
    ...{ dstGap: spec.dstGap, dstOverlap: spec.dstOverlap, jitterMs: spec.jitter },
    ...{ job: spec.job, payload: redaction.value(shownOf(spec.payload)), queue: spec.queue },
    ...{ priority: spec.priority, userId: spec.userId },
    ...{ missed: spec.missed, missedLimit: spec.missedLimit, overlap: spec.overlap },
    ...{ enabled: spec.enabled, paused },
    createdAt: toIso(schedule.createdAt),
    nextRun: orNull(schedule.nextAt),
    waitingSince: orNull(schedule.pending),
    lastRun: orNull(schedule.lastRunAt),
    lastJob: lastId === undefined ? null : { id: lastId, state: lastJob?.state ?? null },
  };
}

export function toRunView({ at, slot, shifts }: Run, timezone: string): RunView {
  return { at: toIso(at), local: localText(at, timezone), slot: toIso(slot), shifts };
}

function toIso(at: number): string {
  return new Date(at).toISOString();
}

function orNull(at: number | null): string | null {
  return at === null ? null : toIso(at);
}

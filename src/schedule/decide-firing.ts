/**
 * Decides what a schedule does when it is looked at: which of its runs start, which are dropped, which one
 * waits, and when it is to be looked at again. Pure: the clock and the run before are arguments.
 *
 *   slots up to the cursor   settled: they ran or were dropped, and never come again
 *   slots up to now          due: on time, or missed and judged by `missed`; then by `overlap`
 *   the first one after      the next deadline
 *
 * A clock that is put back therefore repeats nothing, and one that is put forward leaves missed slots.
 */
import { newestRuns, type Run } from './next-runs.ts';
import {
  deadlineOf,
  isActive,
  type ScheduleRecord,
  type ScheduleState,
  timesOf,
} from './schedule.ts';
import type { ScheduleSpec } from './schedule-spec.ts';

/** A run that starts this late is on time: a restart of the daemon makes it no missed one. */
export const ON_TIME_MS = 10_000;
/** Slots are at least a second apart. */
const MOST_ON_TIME = ON_TIME_MS / 1_000 + 1;

export interface FiringFacts {
  readonly now: number;
  /** A job of a former run has not ended. */
  readonly previousRuns: boolean;
}

export interface Firing extends ScheduleState {
  /** Slots that start now, a job each. */
  readonly starts: readonly number[];
  /** The jobs of former runs are cancelled first. */
  readonly cancelPrevious: boolean;
  /** When to look again; null: never by the clock. */
  readonly nextAt: number | null;
}

export function decideFiring(schedule: ScheduleRecord, facts: FiringFacts): Firing {
  const { spec, pending } = schedule;
  if (!isActive(schedule)) {
    const { cursor } = schedule;
    return { starts: [], cancelPrevious: false, cursor, pending: null, nextAt: null };
  }
  const due = dueRuns(schedule, facts.now);
  const cursor = due.at(-1)?.slot ?? schedule.cursor;
  const chosen = choose(spec, due, facts.now).map(({ slot }) => slot);
  const nextAt = deadlineOf({ ...schedule, cursor });
  return { ...overlapping(spec, chosen, { pending, ...facts }), cursor, nextAt };
}

function dueRuns(schedule: ScheduleRecord, now: number): readonly Run[] {
  const { spec, cursor } = schedule;
  const keep = (spec.missed === 'all' ? spec.missedLimit : 1) + MOST_ON_TIME;
  const stretch = { after: cursor, until: now, keep };
  return newestRuns(timesOf(schedule), stretch).filter(({ at }) => at <= now);
}

/** Of what is due, what the policy for missed runs leaves. */
function choose(spec: ScheduleSpec, due: readonly Run[], now: number): readonly Run[] {
  const onTime = due.filter(({ at }) => now - at <= ON_TIME_MS);
  const missed = due.slice(0, due.length - onTime.length);
  switch (spec.missed) {
    case 'skip':
      return onTime;
    case 'last':
      return onTime.length > 0 ? onTime : missed.slice(-1);
    case 'all':
      return [...missed.slice(-spec.missedLimit), ...onTime];
  }
}

type Overlapping = Pick<Firing, 'starts' | 'pending' | 'cancelPrevious'>;

function overlapping(
  { overlap }: ScheduleSpec,
  chosen: readonly number[],
  { pending, previousRuns }: Pick<ScheduleState, 'pending'> & FiringFacts,
): Overlapping {
  const plain = { pending: null, cancelPrevious: false };
  switch (overlap) {
    case 'allow':
      return { ...plain, starts: chosen };
    case 'skip':
      return { ...plain, starts: previousRuns ? [] : chosen.slice(0, 1) };
    case 'queue': {
      const waiting = pending === null ? chosen : [pending, ...chosen];
      const starts = previousRuns ? [] : waiting.slice(0, 1);
      // One at most: a schedule that is slower than its pace must not gather a queue of itself.
      return { ...plain, starts, pending: waiting.slice(starts.length).at(-1) ?? null };
    }
    case 'cancel-previous': {
      const starts = chosen.slice(-1);
      return { ...plain, starts, cancelPrevious: previousRuns && starts.length > 0 };
    }
  }
}

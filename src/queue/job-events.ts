/**
 * What the log says of a job's state changes: the data of `job` events, as JSON text. Pure.
 */
import type { JobEventData } from '../protocol/events.ts';
import type { FailReason, JobProgress, UniqueOutcome } from '../protocol/jobs.ts';
import { quoteName } from '../protocol/json.ts';
import type { QueueMode } from '../protocol/status.ts';
import type { AttemptEnd, Lane } from './job.ts';

type Named = Pick<Lane, 'queue' | 'type'>;

// The two events of nearly every job are put together by hand: they are on the path of each claim and end.

export function stateEvent(job: Named, state: string, attempt: number): string {
  return `[${head(job, state, attempt)}}]`;
}

export function waitingEvent(job: Named, state: string, facts: WaitingFacts): string {
  return render({
    state,
    type: job.type,
    queue: job.queue,
    attempt: facts.attempt,
    runAt: new Date(facts.runAt).toISOString(),
    ...(facts.error === undefined ? {} : { error: facts.error }),
  });
}

export interface WaitingFacts {
  readonly attempt: number;
  readonly runAt: number;
  readonly error?: string | undefined;
}

/** What a later add of its unique key did to a job. `runAt`: of the job, or of the one that follows it. */
export function uniqueEvent(
  job: Named,
  state: string,
  facts: {
    readonly attempt: number;
    readonly runAt: number | null;
    readonly unique: UniqueOutcome;
  },
): string {
  const { attempt, runAt, unique } = facts;
  return render({
    state,
    type: job.type,
    queue: job.queue,
    attempt,
    ...(runAt === null ? {} : { runAt: new Date(runAt).toISOString() }),
    unique,
  });
}

/** The end of a job. The stack stays out: subscribers may be browsers. */
export function endEvent(
  job: Named,
  end: AttemptEnd,
  state: string,
  reason: FailReason | null,
): string {
  const why = reason === null ? '' : `,"reason":"${reason}"`;
  const told = end.error !== null && state !== 'succeeded';
  const error = told ? `,"error":${JSON.stringify(end.error?.message)}` : '';
  return `[${head(job, state, end.attempt)},"duration":${end.durationMs}${why}${error}}]`;
}

export function progressEvent(job: Named, attempt: number, progress: JobProgress): string {
  return render({
    state: 'running',
    type: job.type,
    queue: job.queue,
    attempt,
    progress: { ...progress },
  });
}

/** The data of a `queue` event. */
export function modeEvent(mode: QueueMode): string {
  return JSON.stringify([{ state: mode === 'open' ? 'resumed' : mode }]);
}

function render(data: JobEventData): string {
  return `[${JSON.stringify(data)}]`;
}

function head({ type, queue }: Named, state: string, attempt: number): string {
  return `{"state":"${state}","type":${quoteName(type)},"queue":${quoteName(queue)},"attempt":${attempt}`;
}

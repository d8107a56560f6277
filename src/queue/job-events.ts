/**
 * What the log says of a job's state changes: the data of `job` events, as JSON text. Pure.
 */
import type { JobEventData } from '../protocol/events.ts';
import type { FailReason, JobProgress, UniqueOutcome } from '../protocol/jobs.ts';
import type { AttemptEnd, Lane } from './job.ts';

type Named = Pick<Lane, 'queue' | 'type'>;

export function stateEvent(job: Named, state: string, attempt: number): string {
  return render({ state, type: job.type, queue: job.queue, attempt });
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
  return render({
    state,
    type: job.type,
    queue: job.queue,
    attempt: end.attempt,
    duration: end.durationMs,
    ...(reason === null ? {} : { reason }),
    ...(end.error === null || state === 'succeeded' ? {} : { error: end.error.message }),
  });
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

function render(data: JobEventData): string {
  return `[${JSON.stringify(data)}]`;
}

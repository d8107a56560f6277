/** Jobs as the API shows them, from the records of the store. Pure. */
import type { Redaction } from '../privacy/redaction.ts';
import type { AddedJob, AttemptView, JobSummary, JobView } from '../protocol/jobs.ts';
import { shownOf } from '../protocol/sealed-text.ts';
import type { AttemptRecord, JobRecord } from '../queue/job.ts';
import type { AddOutcome } from '../queue/job-store.ts';

export function toSummary(job: JobRecord): JobSummary {
  return {
    id: job.id,
    type: job.type,
    queue: job.queue,
    state: job.state,
    reason: job.reason,
    priority: job.priority,
    userId: job.userId,
    group: job.group,
    uniqueKey: job.uniqueKey,
    durability: job.durability,
    waitsFor: job.waitsFor,
    createdAt: toIso(job.createdAt),
    runAt: orNull(job.runAt),
    startedAt: orNull(job.startedAt),
    endedAt: orNull(job.endedAt),
    duration: job.durationMs,
    attempt: job.attempt,
    progress: job.progress,
  };
}

/** @param redaction hides fields of payload and result */
export function toView(
  job: JobRecord,
  attempts: readonly AttemptRecord[],
  redaction: Redaction,
): JobView {
  const last = attempts.at(-1);
  return {
    ...toSummary(job),
    duration: job.durationMs ?? last?.durationMs ?? null,
    payload: redaction.value(shownOf(job.payload)),
    result: job.result === null ? null : redaction.value(shownOf(job.result)),
    error: job.error ?? (job.state === 'succeeded' ? null : (lastError(attempts) ?? null)),
    attempts: attempts.map(toAttemptView),
    retries: job.retries,
    timeoutMs: job.timeoutMs,
    backoff: job.backoff,
  };
}

export function toAdded(outcome: AddOutcome): AddedJob {
  const { job, duplicate, unique } = outcome;
  const { id, type, queue, state, durability } = job;
  const createdAt = toIso(job.createdAt);
  const runAt = orNull(job.runAt);
  const added = { id, type, queue, state, durability, createdAt, runAt, duplicate };
  return unique === undefined ? added : { ...added, unique };
}

function toAttemptView(attempt: AttemptRecord): AttemptView {
  return {
    attempt: attempt.attempt,
    outcome: attempt.outcome,
    startedAt: toIso(attempt.startedAt),
    endedAt: orNull(attempt.endedAt),
    duration: attempt.durationMs,
    executor: attempt.executor,
    error: attempt.error,
    cpuMs: attempt.cpuMs,
    peakBytes: attempt.peakBytes,
    exitCode: attempt.exitCode,
  };
}

function lastError(attempts: readonly AttemptRecord[]) {
  return attempts.findLast((attempt) => attempt.error !== null)?.error;
}

/** The jobs of one request were made in the same millisecond. */
let latest = { at: 0, iso: new Date(0).toISOString() };

function toIso(at: number): string {
  if (at !== latest.at) latest = { at, iso: new Date(at).toISOString() };
  return latest.iso;
}

function orNull(at: number | null): string | null {
  return at === null ? null : toIso(at);
}

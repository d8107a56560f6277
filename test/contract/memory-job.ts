/** A job in memory and what each change makes of it. Values in, values out; the rules are those of src/queue. */
import type { Fence, ProcessIdentity } from '../../src/protocol/execute.ts';
import type { JobLogLine } from '../../src/protocol/jobs.ts';
import {
  type AttemptEnd,
  type AttemptRecord,
  type ClaimedJob,
  isPutOff,
  type JobRecord,
  type NewJob,
  type NewLogLine,
} from '../../src/queue/job.ts';
import { MAX_LOG_LINES } from '../../src/queue/job-store.ts';
import type { Decision, EndDecision } from '../../src/queue/transitions.ts';

export interface MemoryJob {
  readonly order: number;
  readonly record: JobRecord;
  readonly ended: readonly AttemptRecord[];
  readonly group: ProcessIdentity | null;
  readonly lines: readonly JobLogLine[];
  readonly isPutOff: boolean;
}

type Finish = Extract<Decision, { kind: 'finish' }>;

const UNTOUCHED = {
  reason: null,
  startedAt: null,
  endedAt: null,
  durationMs: null,
  failures: 0,
  crashes: 0,
  cancelRequested: false,
  executor: null,
  result: null,
  error: null,
  progress: null,
} as const;

export function freshJob(order: number, job: NewJob, now: number): MemoryJob {
  if (!Number.isSafeInteger(job.priority)) throw new TypeError('priority must be an integer');
  const scheduled = job.runAt !== null && job.runAt > now;
  const { unique: _, ref: __, delayMs: ___, after, ...kept } = job;
  const record: JobRecord = {
    ...kept,
    ...UNTOUCHED,
    waitsFor: 0,
    hasDependencies: after.length > 0,
    id: `m${order}`,
    attempt: 0,
    createdAt: now,
    state: scheduled ? 'scheduled' : 'queued',
    runAt: scheduled ? job.runAt : null,
  };
  return { order, record, ended: [], group: null, lines: [], isPutOff: isPutOff(job) };
}

export function started(job: MemoryJob, executor: string, now: number): MemoryJob {
  const { record } = job;
  const change = {
    state: 'running',
    attempt: record.attempt + 1,
    executor,
    startedAt: now,
  } as const;
  return { ...job, record: { ...record, ...change, progress: null } };
}

export function queued(job: MemoryJob): MemoryJob {
  return { ...job, record: { ...job.record, state: 'queued', runAt: null } };
}

/** The attempt is over, the job is not. */
export function waiting(
  job: MemoryJob,
  end: AttemptEnd,
  decision: EndDecision,
  now: number,
): MemoryJob {
  const { failures, crashes, next } = decision;
  const runAt = next.kind === 'retry' ? next.runAt : null;
  const { cancelRequested } = job.record;
  const record: JobRecord = {
    ...job.record,
    ...UNTOUCHED,
    cancelRequested,
    failures,
    crashes,
    runAt,
    state: runAt === null ? 'queued' : 'retrying',
  };
  return { ...job, record, group: null, ended: [...job.ended, attemptOf(job, end, now)] };
}

export function finished(
  job: MemoryJob,
  end: AttemptEnd,
  {
    next,
    ...counts
  }: { readonly next: Finish; readonly failures: number; readonly crashes: number },
  now: number,
): MemoryJob {
  const record: JobRecord = {
    ...job.record,
    ...counts,
    state: next.state,
    reason: next.reason,
    runAt: null,
    waitsFor: 0,
    endedAt: now,
    durationMs: end.durationMs,
    result: end.result,
    error: end.error,
    cancelRequested: false,
  };
  const ran = job.record.state === 'running';
  return {
    ...job,
    record,
    group: null,
    ended: ran ? [...job.ended, attemptOf(job, end, now)] : job.ended,
  };
}

export function logged(
  job: MemoryJob,
  { at, ...line }: Omit<NewLogLine, keyof Fence> & { readonly attempt: number },
): MemoryJob {
  const n = (job.lines.at(-1)?.n ?? 0) + 1;
  const added = { n, at: new Date(at).toISOString(), ...line };
  return { ...job, lines: [...job.lines, added].slice(-MAX_LOG_LINES) };
}

export function revived(job: MemoryJob): MemoryJob {
  return { ...job, record: { ...job.record, ...UNTOUCHED, state: 'queued', runAt: null } };
}

export function attemptsOf(job: MemoryJob): readonly AttemptRecord[] {
  const { record, ended } = job;
  if (record.state !== 'running') return ended;
  const running: AttemptRecord = {
    attempt: record.attempt,
    outcome: 'running',
    startedAt: record.startedAt ?? 0,
    endedAt: null,
    durationMs: null,
    executor: record.executor,
    error: null,
    cpuMs: null,
    peakBytes: null,
    exitCode: null,
  };
  return [...ended, running];
}

export function claimedOf({ record, isPutOff: putOff }: MemoryJob): ClaimedJob {
  const { id, attempt, type, queue, payload, userId, createdAt, retries, timeoutMs, failures } =
    record;
  const { group, durability, traceparent } = record;
  return {
    ...(traceparent === undefined ? {} : { traceparent }),
    ...{ id, attempt, type, queue, payload, userId, createdAt, retries, timeoutMs, failures },
    ...{ group, durability, isPutOff: putOff, dependencies: null },
  };
}

function attemptOf({ record }: MemoryJob, end: AttemptEnd, now: number): AttemptRecord {
  const { attempt, outcome, error, durationMs, cpuMs, peakBytes, exitCode } = end;
  const { executor, startedAt } = record;
  return {
    ...{ attempt, outcome, startedAt: startedAt ?? now, endedAt: now, durationMs, executor },
    ...{ error, cpuMs, peakBytes, exitCode },
  };
}

export function neverStarted(id: string, attempt: number): AttemptEnd {
  return {
    ...{ id, attempt, outcome: 'cancelled', retryable: false, result: null, events: [] },
    retryAfterMs: null,
    error: { name: 'Cancelled', message: 'cancelled before it started' },
    ...{ durationMs: 0, cpuMs: null, peakBytes: null, exitCode: null },
  };
}

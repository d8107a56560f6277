/** Rows as SQLite gives them, and the domain values they become; snake_case stops here. */
import type {
  AttemptOutcome,
  DependencyPolicy,
  FailReason,
  JobLogLine,
  JobState,
} from '../../protocol/jobs.ts';
import {
  type AttemptRecord,
  type BackoffRule,
  type ClaimedJob,
  isPutOff,
  type JobRecord,
  type Lane,
  type NewJob,
  type RunningJob,
} from '../job.ts';
import { FLAG, hasFlag } from './job-flags.ts';

/** What `jobs` and `finished_jobs` have in common, plus nulls for what one of them lacks. */
export interface JobRow {
  readonly id: number;
  readonly type: string;
  readonly queue: string;
  readonly state: JobState;
  readonly reason: FailReason | null;
  readonly priority: number;
  readonly payload: string;
  readonly run_at: number | null;
  readonly unique_key: string | null;
  readonly retries: number | null;
  readonly timeout_ms: number | null;
  readonly user_id: string | null;
  readonly created_at: number;
  readonly attempt: number;
  readonly failures: number;
  readonly crashes: number;
  readonly cancel_requested: number;
  readonly executor: string | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly duration_ms: number | null;
  readonly outcome: AttemptOutcome | null;
  readonly result: string | null;
  readonly error: string | null;
  readonly progress: string | null;
  readonly cpu_ms: number | null;
  readonly peak_bytes: number | null;
  readonly exit_code: number | null;
  readonly group_key: string;
  readonly flags: number;
  readonly options: string | null;
  readonly waits_for: number;
}

const SHARED = `id, type, queue, state, priority, payload, unique_key, retries, timeout_ms,
  user_id, created_at, attempt, failures, crashes, executor, started_at, progress,
  group_key, flags, options`;

export const SELECT_UNFINISHED = `SELECT ${SHARED}, run_at, cancel_requested, waits_for,
  NULL AS reason, NULL AS ended_at, NULL AS duration_ms, NULL AS outcome, NULL AS result,
  NULL AS error, NULL AS cpu_ms, NULL AS peak_bytes, NULL AS exit_code FROM jobs`;

export const SELECT_FINISHED = `SELECT ${SHARED}, NULL AS run_at, 0 AS cancel_requested, 0 AS waits_for,
  reason, ended_at, duration_ms, outcome, result, error, cpu_ms, peak_bytes,
  exit_code FROM finished_jobs`;

/** An id that is no number of ours matches no row: NaN becomes NULL. */
export function keyOf(id: string): number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : Number.NaN;
}

/** A column of an index that rows are compared by: NULL would equal nothing. */
export const NO_GROUP = '';

function groupOf(row: { readonly group_key: string }): string | null {
  return row.group_key === NO_GROUP ? null : row.group_key;
}

export function laneOf(row: Pick<JobRow, 'queue' | 'type' | 'group_key'>): Lane {
  return { queue: row.queue, type: row.type, group: groupOf(row) };
}

/** What a job says of itself beyond the columns. */
export interface JobOptions {
  readonly backoff?: BackoffRule;
  readonly onDependencyFailure?: DependencyPolicy;
  /** Counts from its release. */
  readonly delayMs?: number;
  readonly traceparent?: string;
}

/** Null where there is nothing to say, as with nearly every job. */
export function optionsOf(job: NewJob): string | null {
  const { backoff, onDependencyFailure, delayMs, traceparent } = job;
  const isUsual = backoff === null && onDependencyFailure === 'fail';
  if (isUsual && delayMs === undefined && traceparent === undefined) return null;
  const options: JobOptions = {
    ...(backoff === null ? {} : { backoff }),
    ...(onDependencyFailure === 'fail' ? {} : { onDependencyFailure }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  return JSON.stringify(options);
}

export function readOptions(options: string | null): JobOptions {
  return options === null ? {} : JSON.parse(options);
}

/** Nothing where the job belongs to no trace. */
export function traceOf(options: string | null): { readonly traceparent?: string } {
  if (options === null) return {};
  const { traceparent } = readOptions(options);
  return traceparent === undefined ? {} : { traceparent };
}

export function flagsOf(job: NewJob): number {
  return (
    (job.durability === 'os' ? FLAG.os : 0) |
    (job.after.length > 0 ? FLAG.hasDependencies : 0) |
    (isPutOff(job) ? FLAG.putOff : 0)
  );
}

export function toJob(row: JobRow): JobRecord {
  const { backoff = null, onDependencyFailure = 'fail' } = readOptions(row.options);
  return {
    id: String(row.id),
    type: row.type,
    queue: row.queue,
    state: row.state,
    reason: row.reason,
    priority: row.priority,
    payload: row.payload,
    runAt: row.run_at,
    uniqueKey: row.unique_key,
    retries: row.retries,
    timeoutMs: row.timeout_ms,
    userId: row.user_id,
    group: groupOf(row),
    backoff,
    onDependencyFailure,
    durability: hasFlag(row.flags, 'os') ? 'os' : 'disk',
    hasDependencies: hasFlag(row.flags, 'hasDependencies'),
    ...traceOf(row.options),
    waitsFor: row.waits_for,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    durationMs: row.duration_ms,
    attempt: row.attempt,
    failures: row.failures,
    crashes: row.crashes,
    cancelRequested: row.cancel_requested === 1,
    executor: row.executor,
    result: row.result,
    error: row.error === null ? null : JSON.parse(row.error),
    progress: row.progress === null ? null : JSON.parse(row.progress),
  };
}

export interface AttemptRow {
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly started_at: number;
  readonly ended_at: number;
  readonly duration_ms: number;
  readonly executor: string | null;
  readonly error: string | null;
  readonly cpu_ms: number | null;
  readonly peak_bytes: number | null;
  readonly exit_code: number | null;
}

type EndedOrRunning = Omit<AttemptRow, 'outcome' | 'ended_at' | 'duration_ms'> &
  Pick<AttemptRecord, 'outcome'> &
  Pick<JobRow, 'ended_at' | 'duration_ms'>;

export function toAttempt(row: EndedOrRunning): AttemptRecord {
  return {
    attempt: row.attempt,
    outcome: row.outcome,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    durationMs: row.duration_ms,
    executor: row.executor,
    error: row.error === null ? null : JSON.parse(row.error),
    cpuMs: row.cpu_ms,
    peakBytes: row.peak_bytes,
    exitCode: row.exit_code,
  };
}

/** The attempt that stands in the job's own row: the running one, or the one that ended the job. */
export function ownAttempt(row: JobRow): AttemptRecord | undefined {
  const outcome = row.state === 'running' ? 'running' : row.outcome;
  if (outcome === null || row.started_at === null) return undefined;
  return toAttempt({ ...row, outcome, started_at: row.started_at });
}

export type LaneRow = Pick<JobRow, 'queue' | 'type' | 'group_key'>;

/** A waiting job as a claim reads it. */
export interface WaitingRow {
  readonly id: number;
  readonly type: string;
  readonly queue: string;
  readonly priority: number;
  readonly crashes: number;
  readonly payload: string;
  readonly user_id: string | null;
  readonly created_at: number;
  readonly retries: number | null;
  readonly timeout_ms: number | null;
  readonly attempt: number;
  readonly failures: number;
  readonly group_key: string;
  readonly flags: number;
  readonly options: string | null;
  readonly last_seq: number;
}

/** In the order of the statement that reads them; the lane is known. */
export type WaitingTuple = readonly [
  id: number,
  priority: number,
  crashes: number,
  payload: string,
  userId: string | null,
  createdAt: number,
  retries: number | null,
  timeoutMs: number | null,
  attempt: number,
  failures: number,
  flags: number,
  options: string | null,
  lastSeq: number,
];

export function toWaiting(tuple: WaitingTuple, { type, queue, group }: Lane): WaitingRow {
  // By their places: taking an array apart by pattern iterates over it.
  return {
    id: tuple[0],
    type,
    queue,
    priority: tuple[1],
    crashes: tuple[2],
    payload: tuple[3],
    user_id: tuple[4],
    created_at: tuple[5],
    retries: tuple[6],
    timeout_ms: tuple[7],
    attempt: tuple[8],
    failures: tuple[9],
    group_key: group ?? NO_GROUP,
    flags: tuple[10],
    options: tuple[11],
    last_seq: tuple[12],
  };
}

export function toClaimed(row: WaitingRow, payload = row.payload): ClaimedJob {
  return {
    id: String(row.id),
    attempt: row.attempt + 1,
    type: row.type,
    queue: row.queue,
    payload,
    userId: row.user_id,
    createdAt: row.created_at,
    retries: row.retries,
    timeoutMs: row.timeout_ms,
    failures: row.failures,
    group: groupOf(row),
    durability: hasFlag(row.flags, 'os') ? 'os' : 'disk',
    isPutOff: hasFlag(row.flags, 'putOff'),
    ...traceOf(row.options),
    dependencies: null,
  };
}

/** A live job as a decision about it reads it. */
export interface LiveRow {
  readonly id: number;
  readonly type: string;
  readonly queue: string;
  readonly state: 'waiting' | 'scheduled' | 'queued' | 'running' | 'retrying';
  readonly retries: number | null;
  readonly user_id: string | null;
  readonly attempt: number;
  readonly failures: number;
  readonly crashes: number;
  readonly cancel_requested: number;
  readonly executor: string | null;
  readonly started_at: number | null;
  readonly group_key: string;
  readonly flags: number;
  readonly options: string | null;
  readonly last_seq: number;
}

export interface RunningRow {
  readonly id: number;
  readonly type: string;
  readonly queue: string;
  readonly attempt: number;
  readonly executor: string;
  readonly started_at: number;
  readonly timeout_ms: number | null;
  readonly cancel_requested: number;
  readonly group_pid: number | null;
  readonly group_start: string | null;
  readonly group_key: string;
  readonly flags: number;
}

export function toRunning(row: RunningRow): RunningJob {
  return {
    id: String(row.id),
    type: row.type,
    queue: row.queue,
    attempt: row.attempt,
    executor: row.executor,
    startedAt: row.started_at,
    timeoutMs: row.timeout_ms,
    cancelRequested: row.cancel_requested === 1,
    jobGroup: groupOf(row),
    durability: hasFlag(row.flags, 'os') ? 'os' : 'disk',
    group: row.group_pid === null ? null : { pid: row.group_pid, startTime: row.group_start ?? '' },
  };
}

export interface GuardRow {
  readonly fingerprint: string;
  /** JSON: for each job its id, whether it was a duplicate, and what became of its unique key. */
  readonly answers: string;
}

export interface LogLineRow {
  readonly n: number;
  readonly at: number;
  readonly attempt: number;
  readonly level: JobLogLine['level'];
  readonly line: string;
}

export function toLogLine(row: LogLineRow): JobLogLine {
  return { ...row, at: new Date(row.at).toISOString() };
}

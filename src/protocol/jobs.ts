/**
 * Jobs as the control API shows them and takes them.
 *
 * Times are ISO 8601 in UTC; durations are milliseconds, with decimals, by a monotonic clock.
 * Ids are opaque strings.
 */
import type { Json } from './json.ts';

export const JOB_STATES = [
  'scheduled',
  'queued',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Why a job is `failed`. */
export type FailReason = 'error' | 'timeout' | 'crash' | 'exhausted' | 'rejected';

/** How one attempt ended. `interrupted` is not charged: the daemon stopped, not the job. */
export type AttemptOutcome =
  | 'succeeded'
  | 'error'
  | 'timeout'
  | 'crash'
  | 'cancelled'
  | 'rejected'
  | 'interrupted';

/** Payload and result: at most this many bytes of JSON in UTF-8. */
export const MAX_PAYLOAD_BYTES = 1_048_576;

/** What `POST /v1/jobs` takes, and a line of a job file holds. */
export interface JobRequest {
  readonly type: string;
  readonly payload?: Json;
  readonly queue?: string;
  /** Higher runs first; an integer from -1000 to 1000; 0 when omitted. */
  readonly priority?: number;
  /** Milliseconds from acceptance to the first run; excludes `runAt`. */
  readonly delayMs?: number;
  /** ISO 8601 with a zone; excludes `delayMs`. */
  readonly runAt?: string;
  /** While a job of this type and key is unfinished, another add returns that one. */
  readonly uniqueKey?: string;
  /** Further attempts after the first one failed. The type's own setting when omitted. */
  readonly retries?: number;
  /** Time limit of one attempt. The type's own setting when omitted. */
  readonly timeoutMs?: number;
  /** Who hears of the end: goes into the report, and may see the job's events. */
  readonly userId?: string;
}

export interface JobError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

export interface JobProgress {
  /** 0 to 1. */
  readonly fraction?: number;
  readonly done?: number;
  readonly total?: number;
  readonly message?: string;
}

export interface AttemptView {
  readonly attempt: number;
  readonly outcome: AttemptOutcome | 'running';
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly duration: number | null;
  readonly executor: string | null;
  readonly error: JobError | null;
  /** User and system CPU time of the attempt's own process, where it has one; milliseconds. */
  readonly cpuMs: number | null;
  /** Largest resident set of the attempt's own process, where it has one; bytes. */
  readonly peakBytes: number | null;
  /** Exit code of a command; null for a handler in the executor or a command ended by a signal. */
  readonly exitCode: number | null;
}

export interface JobSummary {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly state: JobState;
  readonly reason: FailReason | null;
  readonly priority: number;
  readonly userId: string | null;
  readonly uniqueKey: string | null;
  readonly createdAt: string;
  /** When it may run (scheduled, retrying); else null. */
  readonly runAt: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Duration of the last ended attempt. */
  readonly duration: number | null;
  /** Starts so far. */
  readonly attempt: number;
  readonly progress: JobProgress | null;
}

export interface JobView extends JobSummary {
  readonly payload: Json;
  readonly result: Json;
  readonly error: JobError | null;
  readonly attempts: readonly AttemptView[];
}

/** The answer to an add. `duplicate` is true when `uniqueKey` found an unfinished job, which is then shown. */
export interface AddedJob extends JobSummary {
  readonly duplicate: boolean;
}

export interface JobLogLine {
  readonly n: number;
  readonly at: string;
  readonly attempt: number;
  readonly level: 'info' | 'warn' | 'error' | 'stderr';
  readonly line: string;
}

export function isFinished(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

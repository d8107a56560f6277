/**
 * Jobs as the control API shows them and takes them.
 *
 * Times are ISO 8601 in UTC; durations are milliseconds, with decimals, by a monotonic clock.
 * Ids are opaque strings.
 */
import type { Json } from './json.ts';

export const JOB_STATES = [
  'waiting',
  'scheduled',
  'queued',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Why a job is `failed`. `dependency`, which a `cancelled` job may have too: one that it depends on did not succeed. */
export type FailReason = 'error' | 'timeout' | 'crash' | 'exhausted' | 'rejected' | 'dependency';

/**
 * How one attempt ended. `interrupted` is not charged: the daemon stopped, not the job. Nor is
 * `snoozed`: the handler asked to be called again later.
 */
export type AttemptOutcome =
  | 'succeeded'
  | 'snoozed'
  | 'error'
  | 'timeout'
  | 'crash'
  | 'cancelled'
  | 'rejected'
  | 'interrupted';

/** Payload and result: at most this many bytes of JSON in UTF-8. */
export const MAX_PAYLOAD_BYTES = 1_048_576;

export const BACKOFF_KINDS = ['exponential', 'linear', 'fixed'] as const;
export type BackoffKind = (typeof BACKOFF_KINDS)[number];

/** How long a failed job waits for its next attempt. */
export interface BackoffRequest {
  /** `exponential` doubles with each failure, `linear` adds `delayMs` with each, `fixed` stays. */
  readonly kind?: BackoffKind;
  readonly delayMs?: number;
  readonly limitMs?: number;
}

export const UNIQUE_POLICIES = [
  'keep-first',
  'reject',
  'replace',
  'debounce',
  'throttle',
  'run-again',
] as const;
/**
 * What an add does when a job holds its key.
 *
 * - `keep-first`: nothing is added, the job that is there is answered;
 * - `reject`: the add fails with E_CONFLICT, and all that is added with it;
 * - `replace`: a job that has not started, or waits for its next attempt, takes the new payload and options
 *   and begins afresh; one that runs is kept;
 * - `debounce`: it runs after `delayMs` without a further add, with the newest payload; the first add waits
 *   too. While one runs, the next one is put off in the same way;
 * - `throttle`: as keep-first, and the key is held for `windowMs`, whether the job has ended or not;
 * - `run-again`: as replace while it has not started; while it runs, the add is kept for later: one more job,
 *   with the newest payload, is added when the running one has ended, however it ended.
 *
 * A job that has ended and whose window still holds the key is answered, whatever the policy; `reject` fails.
 */
export type UniquePolicy = (typeof UNIQUE_POLICIES)[number];

export interface UniqueRequest {
  /** Text that names what must not be there twice; a type has its own keys. */
  readonly key?: string;
  /** Instead of a key: the hash of type and payload. */
  readonly by?: 'payload';
  /**
   * Milliseconds. The key is held for so long from the add that made the job, though the job may have ended,
   * and while it is unfinished; omitted: only while it is unfinished.
   */
  readonly windowMs?: number;
  /** `keep-first` when omitted. */
  readonly policy?: UniquePolicy;
  /** `debounce`: run after so long from the first add at the latest, however often it is added. */
  readonly maxWaitMs?: number;
}

/**
 * What became of an add with a unique key. `added`: a new job; `kept`: nothing changed; `replaced`: the job
 * that was there took its place; `postponed`: the same, and it runs later; `follows`: a job is added when
 * the one that runs has ended.
 */
export type UniqueOutcome = 'added' | 'kept' | 'replaced' | 'postponed' | 'follows';

/** What becomes of a job when one that it depends on failed or was cancelled. */
export const DEPENDENCY_POLICIES = ['fail', 'cancel', 'continue'] as const;
export type DependencyPolicy = (typeof DEPENDENCY_POLICIES)[number];

/**
 * What the acknowledgement of an add promises. `disk`: it survives a power cut; `os`: it survives the death
 * of every process of Taskbell, and is on disk a moment later.
 */
export type Durability = 'disk' | 'os';

/** Jobs that one job may depend on. */
export const MAX_DEPENDENCIES = 10_000;
/** Over all jobs of one request: each is a row, and all of them are one transaction. */
export const MAX_DEPENDENCIES_AT_ONCE = 50_000;

/** What `POST /v1/jobs` takes, and a line of a job file holds. */
export interface JobRequest {
  readonly type: string;
  readonly payload?: Json;
  readonly queue?: string;
  /** Whose turn it is: groups of a queue take turns, and limits may hold for each of them. */
  readonly group?: string;
  /** Higher runs first; an integer from -1000 to 1000; 0 when omitted. */
  readonly priority?: number;
  /** Milliseconds from acceptance to the first run, with `after` from its release; excludes `runAt`. */
  readonly delayMs?: number;
  /** ISO 8601 with a zone; excludes `delayMs`. */
  readonly runAt?: string;
  /** Short for `unique: { key }`: while a job of this type and key is unfinished, another add returns that one. */
  readonly uniqueKey?: string;
  readonly unique?: UniqueRequest;
  /** Overrides what the type's own setting says. */
  readonly backoff?: BackoffRequest;
  /** Names this job for the others of the same request, which may stand in their `after`. */
  readonly ref?: string;
  /** Runs when all of these have ended: a `ref` of the same request, or the id of a job. */
  readonly after?: readonly string[];
  /** `fail` when omitted. */
  readonly onDependencyFailure?: DependencyPolicy;
  /** `disk` when omitted. */
  readonly durability?: Durability;
  /** Further attempts after the first one failed. The type's own setting when omitted. */
  readonly retries?: number;
  /** Time limit of one attempt. The type's own setting when omitted. */
  readonly timeoutMs?: number;
  /** Who hears of the end: goes into the report, and may see the job's events. */
  readonly userId?: string;
  /** The trace that its attempts and its report belong to, as the W3C writes it; made by the client library. */
  readonly traceparent?: string;
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
  readonly group: string | null;
  readonly uniqueKey: string | null;
  readonly durability: Durability;
  /** Jobs that must end before this one may run. */
  readonly waitsFor: number;
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
  /** Left out where the job depends on none. */
  readonly dependencies?: DependencyCounts;
  /** What the job itself says; null: as its type says. */
  readonly retries: number | null;
  readonly timeoutMs: number | null;
  readonly backoff: BackoffRequest | null;
  /** Only of `job show`. Until when its unique key is held, though it may have ended. */
  readonly uniqueUntil?: string;
  /** Only of `job show`. The schedule that it came from, while that still knows it. */
  readonly schedule?: string;
}

/** How the jobs stand that one depends on. */
export interface DependencyCounts {
  readonly total: number;
  readonly unfinished: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** A job beside another in a flow. */
export interface RelativeView {
  readonly id: string;
  /** Its name in the request that added both; null when it was named by its id. */
  readonly ref: string | null;
  /** Null where the job was removed since. */
  readonly type: string | null;
  readonly state: JobState;
}

/** `GET /v1/jobs/ID/dependencies`: at most `MAX_DEPENDENCIES` to either side, in the order of `after` and of age. */
export interface RelativesView {
  readonly dependencies: readonly RelativeView[];
  readonly dependents: readonly RelativeView[];
}

/** What `POST /v1/batches` takes. */
export interface BatchRequest {
  readonly jobs: readonly JobRequest[];
  /** Runs when all of them have ended, however they did, unless it says otherwise. */
  readonly callback: JobRequest;
}

export interface AddedBatch {
  readonly callback: AddedJob;
  /** The ids, in the order of the request. */
  readonly jobs: readonly string[];
}

/**
 * The answer to an add: what the daemon made of it, not what it was told. `duplicate` is true when no job was
 * made because one holds the unique key, which is then shown. `durability` is what this answer promises.
 */
export interface AddedJob
  extends Pick<
    JobSummary,
    'id' | 'type' | 'queue' | 'state' | 'durability' | 'createdAt' | 'runAt'
  > {
  readonly duplicate: boolean;
  /** What became of the add; only where it has a unique key. */
  readonly unique?: UniqueOutcome;
}

export interface JobLogLine {
  readonly n: number;
  readonly at: string;
  readonly attempt: number;
  readonly level: 'info' | 'warn' | 'error' | 'stderr';
  readonly line: string;
}

/** `GET /v1/jobs/ID/logs`. */
export interface LogLinesView {
  readonly lines: readonly JobLogLine[];
  /** Lines that were not kept because the job wrote too many. */
  readonly dropped: number;
  /** The job has ended, and nothing comes after these lines. */
  readonly ended: boolean;
}

export function isFinished(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

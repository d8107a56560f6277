/**
 * The port of the queue's store. Every method that changes something does so in one transaction
 * with the log rows that tell of it; its promise resolves after the commit.
 *
 * Adapters: `sqlite/`; the tests keep a second one in memory. One contract test runs against both.
 */
import type { TaskbellError } from '../protocol/errors.ts';
import type { Fence, ProcessIdentity } from '../protocol/execute.ts';
import type {
  DependencyCounts,
  Durability,
  JobLogLine,
  JobProgress,
  JobState,
  RelativesView,
  UniqueOutcome,
} from '../protocol/jobs.ts';
import type { Slice } from '../protocol/slices.ts';
import type { QueueMode } from '../protocol/status.ts';
import type { ClaimQuestion, HeldLane } from './claim-order.ts';
import type {
  AttemptEnd,
  AttemptRecord,
  ClaimedJob,
  JobRecord,
  Lane,
  NewJob,
  NewLogLine,
  RunningJob,
} from './job.ts';
import type { JobCriteria } from './job-filter.ts';
import type { LimitBlock, LimitRules } from './limits.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { Decision } from './transitions.ts';

export interface AddOutcome {
  readonly job: JobRecord;
  /** True: another job holds this unique key; it is shown, and none was made. */
  readonly duplicate: boolean;
  /** Absent without a unique key. */
  readonly unique?: UniqueOutcome;
}

/** A job that may run because another one ended. */
export interface Released extends Lane {
  /** Null: queued, it may be claimed. */
  readonly runAt: number | null;
}

/** Names an add, so that its repeat is answered with the jobs of the first one. */
export interface AddGuard {
  /** Chosen by the caller, unique to this add. */
  readonly key: string;
  /** Of what is added: the same key with other jobs is a mistake. */
  readonly fingerprint: string;
}

export interface ClaimRequest extends ClaimQuestion {
  readonly executor: string;
  /** `os` where the lanes hold only such jobs: the claim need not wait for the disk. `disk` when omitted. */
  readonly durability?: Durability;
}

export interface ClaimAnswer {
  readonly jobs: readonly ClaimedJob[];
  /** Started too, and cannot be handed out: to be ended by whoever asked. Mostly left out. */
  readonly unreadable?: readonly UnreadableJob[];
  /** Lanes that were seen empty: no use in asking again before something is added to them. */
  readonly emptyLanes: readonly Lane[];
  /** Lanes that hold something which a limit keeps back: no use in asking before it has room. */
  readonly heldLanes: readonly HeldLane[];
}

/** A job whose payload, or what is handed down to it, cannot be decrypted. */
export interface UnreadableJob
  extends Pick<ClaimedJob, 'id' | 'attempt' | 'type' | 'queue' | 'group' | 'durability'> {
  readonly error: TaskbellError;
}

/** An end and the rules that judge it. */
export interface JudgedEnd {
  readonly end: AttemptEnd;
  /** Of its job; `disk` when omitted. */
  readonly durability?: Durability;
  readonly policy: RetryPolicy;
  readonly now: number;
  readonly random: number;
}

export type EndAnswer =
  | {
      readonly accepted: true;
      readonly job: Lane;
      readonly next: Decision;
      /** Absent: nothing. */
      readonly released?: readonly Released[];
    }
  /** The fence was not the current one; nothing changed. */
  | { readonly accepted: false };

export type CancelAnswer =
  /** It had not started (again), and is cancelled now. */
  | { readonly kind: 'cancelled'; readonly released?: readonly Released[] }
  /** It runs: the wish is recorded, and its executor must be told. */
  | { readonly kind: 'requested'; readonly fence: Fence; readonly executor: string }
  | { readonly kind: 'finished'; readonly state: JobState }
  | { readonly kind: 'unknown' };

export type RetryAnswer =
  /** `dependents`: so many that were ended for it wait for it again; absent: none. */
  | { readonly kind: 'queued'; readonly lane: Lane; readonly dependents?: number }
  /** Some of the jobs that it depends on have not ended. */
  | { readonly kind: 'waiting'; readonly dependents?: number }
  | { readonly kind: 'not-failed'; readonly state: JobState }
  /** An unfinished job holds the unique key. */
  | { readonly kind: 'key-taken'; readonly by: string }
  | { readonly kind: 'unknown' };

export interface RetryOptions {
  /** Has those wait again that were ended because this job did not succeed. */
  readonly dependents?: boolean;
}

export interface ListFilter {
  readonly state?: JobState | undefined;
  readonly type?: string | undefined;
  readonly queue?: string | undefined;
  readonly userId?: string | undefined;
  readonly group?: string | undefined;
  readonly limit: number;
  /** From a former page. */
  readonly cursor?: string | undefined;
}

export interface JobPage {
  /** Newest first. */
  readonly jobs: readonly JobRecord[];
  readonly next: string | null;
}

/** A walk past all jobs, some at a time: first the ended ones, then the others, each oldest first. */
export interface ScanRequest {
  /** Its ids are overlooked. */
  readonly criteria: JobCriteria;
  /** `next` of the page before, or the position of a job; null at the start. */
  readonly after: string | null;
  /** Jobs that are looked at, whether they fit or not. */
  readonly limit: number;
}

export interface ScanPage {
  /** `position`: to go on behind this one. */
  readonly found: readonly { readonly id: string; readonly position: string }[];
  /** Null: that was all. */
  readonly next: string | null;
}

export type BulkChange = {
  /** Looked at again inside the transaction. */
  readonly criteria: JobCriteria;
  readonly now: number;
} & (
  | { readonly verb: 'retry' }
  | { readonly verb: 'cancel' }
  | { readonly verb: 'purge' }
  | { readonly verb: 'move'; readonly queue: string }
);

/** What a change of many did to one of them. */
export type BulkChangeAnswer =
  | CancelAnswer
  | RetryAnswer
  /** `lane`: where it may run now. */
  | { readonly kind: 'moved'; readonly lane: Lane | null }
  | { readonly kind: 'removed' }
  /** Its record stays: unfinished jobs depend on it. */
  | { readonly kind: 'needed' }
  | { readonly kind: 'running' }
  /** It does not fit, or not any more. */
  | { readonly kind: 'passed' };

export type FinishedState = Extract<JobState, 'succeeded' | 'failed' | 'cancelled'>;

export interface EndedRequest {
  readonly state: FinishedState;
  /** Id; null at the start. */
  readonly after: string | null;
  /** Ended jobs that are looked at, in this state or another. */
  readonly limit: number;
}

export interface EndedPage {
  /** In the order of their ids, which is nearly the order of their ends. */
  readonly ended: readonly { readonly id: string; readonly endedAt: number }[];
  /** The id to go on behind; null: that was all. */
  readonly next: string | null;
}

export interface QueueCounts {
  readonly name: string;
  readonly mode: QueueMode;
  readonly counts: Readonly<Partial<Record<JobState, number>>>;
}

/** What came of a removal of records: of the first `looked` that were named, so many went. */
export interface RemovedEnded {
  readonly looked: number;
  readonly removed: number;
}

export interface JobStore {
  /**
   * All or none.
   * @throws TaskbellError E_CONFLICT when one of them rejects the job that holds its unique key
   */
  add(jobs: readonly NewJob[], now: number): Promise<readonly AddOutcome[]>;
  /** As `add`, once: a repeat within a day answers with the same jobs, as they are now. */
  addOnce(
    jobs: readonly NewJob[],
    guard: AddGuard,
    now: number,
  ): Promise<readonly AddOutcome[] | 'other-jobs'>;
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  end(ends: readonly JudgedEnd[]): Promise<readonly EndAnswer[]>;
  /** Moves what is due from scheduled and retrying to queued; returns the lanes that got something. */
  promote(now: number, limit: number): Promise<readonly Lane[]>;
  /** Epoch milliseconds of the next due job; null when none waits for a time. */
  nextDue(): Promise<number | null>;
  cancel(id: string, now: number): Promise<CancelAnswer>;
  retry(id: string, now: number, options?: RetryOptions): Promise<RetryAnswer>;
  recordProgress(fence: Fence, progress: JobProgress, now: number): Promise<void>;
  recordGroup(fence: Fence, group: ProcessIdentity): Promise<void>;
  appendLogLines(lines: readonly NewLogLine[]): Promise<void>;

  get(id: string): Promise<JobRecord | undefined>;
  attempts(id: string): Promise<readonly AttemptRecord[]>;
  /** How the jobs that it depends on stand; undefined where it depends on none. */
  countDependencies(id: string): Promise<DependencyCounts | undefined>;
  /** At most `limit` to either side. */
  relatives(id: string, limit: number): Promise<RelativesView>;
  logLines(id: string, after: number, limit: number): Promise<readonly JobLogLine[]>;
  list(filter: ListFilter): Promise<JobPage>;
  running(): Promise<readonly RunningJob[]>;
  /** Every lane that holds a queued job. */
  lanes(): Promise<readonly Lane[]>;
  /** Which limits have no room for a job of the lane now. */
  blocksOf(lane: Lane, rules: LimitRules, now: number): Promise<readonly LimitBlock[]>;

  rememberExecutor(id: string, process: ProcessIdentity): Promise<void>;
  executorProcess(id: string): Promise<ProcessIdentity | undefined>;

  /** A draining queue refuses adds; who changes jobs in a transaction of its own may add all the same. */
  setMode(queue: string, mode: QueueMode, now: number): Promise<void>;
  queues(): Promise<readonly QueueCounts[]>;
  /** Reads only. */
  scan(request: ScanRequest): Promise<ScanPage>;
  /** In one transaction. @returns an answer for each id */
  changeMany(ids: readonly string[], change: BulkChange): Promise<readonly BulkChangeAnswer[]>;
  endedAfter(request: EndedRequest): Promise<EndedPage>;
  /**
   * Removes records of ended jobs with attempts, log lines and dependencies, but none that an unfinished
   * job depends on. Their rows in the log stay.
   * @param slice when its time is over, the rest of them stays for another call
   */
  removeEnded(ids: readonly string[], slice?: Slice): Promise<RemovedEnded>;
  /** Records of ended jobs that are there now. */
  kept(): Promise<Readonly<Record<FinishedState, number>>>;
  /** Unfinished states: now; finished ones: since the database was made. */
  totals(): Promise<Readonly<Record<JobState, number>>>;
}

/**
 * What a store lends to whoever changes jobs together with something of its own: inside a transaction
 * that is running already, so synchronous.
 */
export interface JobsInTransaction {
  add(jobs: readonly NewJob[], now: number): readonly AddOutcome[];
  cancel(id: string, now: number): CancelAnswer;
  get(id: string): JobRecord | undefined;
}

/** How long a guard of an add is remembered. */
export const GUARD_LIFETIME_MS = 24 * 3_600_000;

/** Lines of log kept for one job; the oldest go first. */
export const MAX_LOG_LINES = 1_000;

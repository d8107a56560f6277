/**
 * What a job is inside the core. Times are epoch milliseconds, payload and result are JSON text
 * (the core carries them and never looks inside), ids are opaque.
 */
import type { EventRequest } from '../protocol/events.ts';
import type { Fence, Outcome, ProcessIdentity } from '../protocol/execute.ts';
import type {
  AttemptOutcome,
  BackoffKind,
  DependencyPolicy,
  Durability,
  FailReason,
  JobError,
  JobLogLine,
  JobProgress,
  JobState,
  UniquePolicy,
} from '../protocol/jobs.ts';

/** A job to add; every field decided. */
export interface NewJob {
  readonly type: string;
  readonly queue: string;
  readonly payload: string;
  readonly priority: number;
  /** Null: at once. */
  readonly runAt: number | null;
  readonly uniqueKey: string | null;
  /** How the key is held; null: as `keep-first` while the job is unfinished. */
  readonly unique: UniqueRule | null;
  /** Null: as the type says at the time of the failure. */
  readonly retries: number | null;
  readonly backoff: BackoffRule | null;
  readonly timeoutMs: number | null;
  readonly userId: string | null;
  readonly group: string | null;
  readonly durability: Durability;
  /** Its name among the jobs that are added with it. */
  readonly ref: string | null;
  /** Refs of jobs that are added with it, and ids. */
  readonly after: readonly string[];
  /** With `after`, instead of `runAt`: the pause between its release and its first run. */
  readonly delayMs?: number;
  /** The trace that it belongs to; mostly none. */
  readonly traceparent?: string;
  readonly onDependencyFailure: DependencyPolicy;
}

export interface UniqueRule {
  readonly policy: UniquePolicy;
  /** Null: the key is held while the job is unfinished. */
  readonly windowMs: number | null;
  readonly delayMs: number;
  readonly maxWaitMs: number | null;
}

/** What a job itself says of its pauses; what it leaves out, its type says. */
export interface BackoffRule {
  readonly kind?: BackoffKind;
  readonly delayMs?: number;
  readonly limitMs?: number;
}

/** What a job is added with and nobody asks for again once it is there. */
type OnlyAtAdd = 'unique' | 'ref' | 'after' | 'delayMs';

/** Facts of a job that listings show. */
export interface JobRecord extends Omit<NewJob, OnlyAtAdd> {
  readonly id: string;
  /** Jobs that must end before this one may run. */
  readonly waitsFor: number;
  readonly hasDependencies: boolean;
  readonly state: JobState;
  readonly reason: FailReason | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
  /** Starts so far: the fence. */
  readonly attempt: number;
  /** Charged failures so far. */
  readonly failures: number;
  readonly crashes: number;
  readonly cancelRequested: boolean;
  readonly executor: string | null;
  readonly result: string | null;
  readonly error: JobError | null;
  readonly progress: JobProgress | null;
}

export interface AttemptRecord {
  readonly attempt: number;
  readonly outcome: AttemptOutcome | 'running';
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
  readonly executor: string | null;
  readonly error: JobError | null;
  readonly cpuMs: number | null;
  readonly peakBytes: number | null;
  readonly exitCode: number | null;
}

/** A claimed attempt, as it goes to an executor. */
export interface ClaimedJob extends Fence {
  readonly type: string;
  readonly queue: string;
  readonly payload: string;
  readonly userId: string | null;
  readonly group: string | null;
  readonly durability: Durability;
  /** `Dependencies` of the execute protocol as JSON text, handed down; null where it depends on none. */
  readonly dependencies: string | null;
  readonly traceparent?: string;
  /** Added for later, or behind others: it did not wait since it was added. */
  readonly isPutOff: boolean;
  readonly createdAt: number;
  readonly retries: number | null;
  readonly timeoutMs: number | null;
  readonly failures: number;
}

export function isPutOff({ runAt, after }: Pick<NewJob, 'runAt' | 'after'>): boolean {
  return runAt !== null || after.length > 0;
}

/** A running attempt as recovery sees it. */
export interface RunningJob extends Fence {
  readonly type: string;
  readonly queue: string;
  readonly jobGroup: string | null;
  readonly durability: Durability;
  readonly executor: string;
  readonly startedAt: number;
  readonly timeoutMs: number | null;
  readonly cancelRequested: boolean;
  readonly group: ProcessIdentity | null;
}

/** How one attempt ended, told by its executor or, for a crash, concluded by the core. */
export interface AttemptEnd extends Fence {
  readonly outcome: AttemptOutcome;
  /** Of a crash: the attempt had a process of its own, so that nobody else can be to blame. */
  readonly contained?: boolean;
  /** False: no further attempt, whatever retries are left. */
  readonly retryable: boolean;
  /** The pause before the next attempt, if the handler chose one. */
  readonly retryAfterMs: number | null;
  readonly result: string | null;
  readonly error: JobError | null;
  readonly events: readonly EventRequest[];
  readonly durationMs: number;
  readonly cpuMs: number | null;
  readonly peakBytes: number | null;
  readonly exitCode: number | null;
}

/** One line of a job's log on its way into the store. */
export interface NewLogLine extends Fence {
  readonly at: number;
  readonly level: JobLogLine['level'];
  readonly line: string;
}

/** A job's waiting line: claims look at lanes, so that a paused queue or a full type costs nothing. */
export interface Lane {
  readonly queue: string;
  readonly type: string;
  readonly group: string | null;
}

export function endOf(outcome: Outcome): AttemptEnd {
  const end: AttemptEnd = {
    id: outcome.id,
    attempt: outcome.attempt,
    outcome: outcome.outcome,
    retryable: outcome.retryable ?? true,
    retryAfterMs: whole(outcome.retryAfterMs),
    result: outcome.result === undefined ? null : JSON.stringify(outcome.result),
    error: outcome.error ?? null,
    events: outcome.outcome === 'succeeded' ? (outcome.events ?? []) : [],
    durationMs: Math.max(0, finite(outcome.durationMs) ?? 0),
    cpuMs: finite(outcome.cpuMs),
    peakBytes: whole(outcome.peakBytes),
    exitCode: whole(outcome.exitCode),
  };
  // An executor that tells of a crash has survived it.
  return outcome.outcome === 'crash' ? { ...end, contained: true } : end;
}

// Figures come over a wire: one that a strict column refuses would hold up every outcome beside it.
function finite(value: number | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function whole(value: number | undefined): number | null {
  const known = Math.round(finite(value) ?? Number.NaN);
  return Number.isSafeInteger(known) ? known : null;
}

/** The end of an attempt whose process is gone, or never had a word to say. */
export function endWithoutWord(
  fence: Fence,
  outcome: 'crash' | 'interrupted' | 'timeout' | 'cancelled' | 'rejected',
  words: {
    /** The outcome, when omitted. */
    readonly name?: string;
    readonly message: string;
    readonly durationMs: number;
    readonly stack?: string;
  },
): AttemptEnd {
  return {
    id: fence.id,
    attempt: fence.attempt,
    outcome,
    retryable: true,
    retryAfterMs: null,
    result: null,
    error: {
      name: words.name ?? outcome,
      message: words.message,
      ...(words.stack === undefined ? {} : { stack: words.stack }),
    },
    events: [],
    durationMs: words.durationMs,
    cpuMs: null,
    peakBytes: null,
    exitCode: null,
  };
}

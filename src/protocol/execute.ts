/**
 * The executor protocol: WebSocket `/v1/execute` on the control server, one JSON object a message.
 *
 *   executor: hello            → core: welcome
 *   core: run                  → executor: started*, progress*, log*, then ended
 *   core: confirmed            (after the commit; only now may the executor forget the outcome)
 *   core: cancel               → the attempt ends as `cancelled` or `timeout`
 *   core: validate             → executor: validated
 *   executor: quiet            no further `run`; core: quieted, when none is on its way any more
 *   core: quiet, replace       → executor: quiet; its supervisor puts another process in its place
 *   executor: blocked          its event loop stands still (on a connection of its own)
 *   executor: leaving          what is unsettled when this process is gone was interrupted, not crashed
 */
import type { EventRequest } from './events.ts';
import type {
  AttemptOutcome,
  BackoffKind,
  JobError,
  JobLogLine,
  JobProgress,
  JobState,
} from './jobs.ts';
import type { Json } from './json.ts';
import type { Replacement } from './supervision.ts';

/** A started attempt of one job. A completion whose fence is not the current one changes nothing. */
export interface Fence {
  readonly id: string;
  readonly attempt: number;
}

/** Settings of a job type as its handler states them; configuration wins over them. */
export interface TypeSettings {
  readonly queue?: string;
  readonly retries?: number;
  readonly timeoutMs?: number;
  readonly backoffMs?: number;
  readonly backoffLimitMs?: number;
  readonly backoffKind?: BackoffKind;
  /** Attempts of this type running at once, over all executors. */
  readonly concurrency?: number;
  /** Attempts of this type and of one group running at once. */
  readonly groupConcurrency?: number;
}

export interface TypeManifest {
  readonly name: string;
  readonly kind: 'module' | 'command' | 'webhook';
  /** True when payloads must be checked by `validate` before they are accepted. */
  readonly schema: boolean;
  readonly settings: TypeSettings;
  /** Why the handler could not be loaded; such a type is known but not offered. */
  readonly problem?: string;
}

/** An operating-system process that can be told from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot (/proc/PID/stat field 22); '' where the system has none. */
  readonly startTime: string;
}

export interface HelloMessage {
  readonly kind: 'hello';
  /** Unique for the life of the executor process; also its environment mark, see `EXECUTOR_MARK`. */
  readonly executor: string;
  /**
   * Null: it does not run on the core's machine, or its process is nobody's business. It is then judged by its
   * connection alone.
   */
  readonly process: ProcessIdentity | null;
  /** Null where no supervisor looks after it. */
  readonly supervisorPid: number | null;
  readonly slots: number;
  /** Queues it serves; empty means every queue. */
  readonly queues: readonly string[];
  readonly types: readonly TypeManifest[];
  /** After a reconnect: attempts that still run or whose outcome was not confirmed. */
  readonly holding: readonly Fence[];
  /** Epoch milliseconds: when the process began. */
  readonly startedAt?: number;
  /** Attempts that it has run so far. */
  readonly attempts?: number;
  /** It takes no more. */
  readonly quiet?: boolean;
  /** The one type that it runs, where it has been set apart for it. */
  readonly only?: string;
  /** Pid of the executor whose place it takes. */
  readonly predecessor?: number;
  /** `replace` is understood, and somebody starts another in its place. */
  readonly replaceable?: boolean;
}

/**
 * What holds for an executor that is judged by its connection alone, so that two attempts of one job never
 * overlap: when the core gives its attempts to others, it has ended them itself.
 */
export interface ConnectionLease {
  /**
   * It MUST tell all its attempts to end when so long has passed since it sent the last WebSocket ping that the
   * core has answered, by a clock that goes on while the machine sleeps.
   */
  readonly abandonAfterMs: number;
  /** So long after the connection was lost the core returns its attempts, unless it has come back. */
  readonly reconnectWithinMs: number;
}

/** Between the two lie `KILL_GRACE_MS`, in which the attempts end, and as much again. */
export const CONNECTION_LEASE: ConnectionLease = {
  abandonAfterMs: 10_000,
  reconnectWithinMs: 20_000,
};

/** A handler cannot put its job off for longer. */
export const MAX_RETRY_AFTER_MS = 365 * 86_400_000;

export interface Outcome extends Fence {
  /** `crash`: only of an attempt that had a process of its own; the executor itself lives to tell. */
  readonly outcome: AttemptOutcome;
  /** False: fail for good, whatever retries are left. */
  readonly retryable?: boolean;
  /**
   * With `error` or `timeout`: the pause before the next attempt instead of the policy's. With `snoozed`: how long,
   * required. At most `MAX_RETRY_AFTER_MS`.
   */
  readonly retryAfterMs?: number;
  readonly result?: Json;
  readonly error?: JobError;
  /** Events emitted by the handler; published only if the attempt succeeded. */
  readonly events?: readonly EventRequest[];
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly cpuMs?: number;
  readonly peakBytes?: number;
  readonly exitCode?: number;
}

export type ExecutorMessage =
  | HelloMessage
  | { readonly kind: 'ended'; readonly outcomes: readonly Outcome[] }
  | {
      readonly kind: 'progress';
      readonly progress: readonly (Fence & { readonly value: JobProgress })[];
    }
  | { readonly kind: 'log'; readonly lines: readonly (Fence & LogLine)[] }
  /** A command's own process group, recorded so that survivors can be reaped. */
  | ({ readonly kind: 'spawned'; readonly group: ProcessIdentity } & Fence)
  | { readonly kind: 'validated'; readonly rid: number; readonly problem: string | null }
  /** The named attempts ignore their signal: this process ends now so that they cannot overlap the next. */
  | {
      readonly kind: 'stuck';
      readonly fences: readonly (Fence & { readonly outcome: 'timeout' | 'cancelled' })[];
    }
  | { readonly kind: 'quiet' }
  /** It was to be replaced and stays: why. */
  | { readonly kind: 'kept'; readonly problem: string }
  | BlockedMessage
  | { readonly kind: 'leaving' };

/**
 * The executor's event loop stands still. A thread beside it says so, on a connection of its own that
 * needs no `hello`.
 */
export interface BlockedMessage {
  readonly kind: 'blocked';
  readonly executor: string;
  readonly blockedMs: number;
  /** Where it stands; '' where that cannot be seen. */
  readonly stack: string;
  /** The attempt whose code that is; null where it cannot be told. */
  readonly fence: Fence | null;
}

export type LogLine = Omit<JobLogLine, 'n' | 'at' | 'attempt'> & { readonly at: number };

/** How a job that another one depends on has ended. */
export interface DependencyResult {
  readonly id: string;
  /** Its name in the request that added both; null when it was named by its id. */
  readonly ref: string | null;
  readonly type: string;
  readonly state: JobState;
  readonly result: Json;
  readonly error: string | null;
}

/** Results handed down to one attempt: at most so many, and so many bytes of them in all. */
export const MAX_HANDED_RESULTS = 1_000;
export const MAX_HANDED_BYTES = 4 * 1_048_576;

/** What an attempt learns of the jobs that its own depends on. */
export interface Dependencies {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** In the order of `after`; the first of them when all would be too many or too large. */
  readonly results: readonly DependencyResult[];
}

/** One attempt to run. */
export interface Assignment extends Fence {
  readonly type: string;
  readonly payload: Json;
  readonly queue: string;
  readonly userId: string | null;
  readonly group: string | null;
  /** Left out where the job depends on none. */
  readonly dependencies?: Dependencies;
  /** The trace that the job belongs to, as the W3C writes it; left out where it belongs to none. */
  readonly traceparent?: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Time limit of this attempt; 0: none. */
  readonly timeoutMs: number;
  /** Charged failures before this attempt. */
  readonly failures: number;
}

export type CoreMessage =
  | {
      readonly kind: 'welcome';
      readonly forget: readonly Fence[];
      /** Only to one that is judged by its connection alone. */
      readonly lease?: ConnectionLease;
    }
  | { readonly kind: 'run'; readonly attempts: readonly Assignment[] }
  | { readonly kind: 'confirmed'; readonly fences: readonly Fence[] }
  | ({ readonly kind: 'cancel' } & Fence)
  /** Take no more work; what runs goes on. */
  | { readonly kind: 'quiet' }
  /** The answer to the executor's own `quiet`: no `run` is on its way any more. */
  | { readonly kind: 'quieted' }
  /** Have the supervisor put another process in your place. */
  | ({ readonly kind: 'replace' } & Replacement)
  | {
      readonly kind: 'validate';
      readonly rid: number;
      readonly type: string;
      readonly payload: Json;
    };

/** Environment variable that marks every process started by an executor, with the executor's name. */
export const EXECUTOR_MARK = 'TASKBELL_EXECUTOR';
/** Environment variable that marks every process below a supervisor, with the supervisor's run. */
export const RUN_MARK = 'TASKBELL_RUN';

/** How long an attempt may take to end after its signal was aborted or its group got SIGTERM. */
export const KILL_GRACE_MS = 5_000;

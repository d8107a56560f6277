/**
 * What a run of the crash tests leaves behind, from every witness: who added, who ran, who received,
 * who followed, and the database itself. The checker reads nothing else.
 */
import type { JournalLine } from './journal.ts';

/** A job that somebody tried to add; `n` is in its payload and unlike any other. */
export interface AttemptedAdd {
  readonly n: number;
  readonly type: string;
  readonly queue: string | null;
  readonly group: string | null;
  readonly uniqueKey: string | null;
  /** `run-again`: a later add of the key may take its place, and it the place of one before. */
  readonly replaceable: boolean;
}

export interface AcceptedAdd {
  readonly n: number;
  readonly id: string;
  readonly duplicate: boolean;
}

/** A job of a flow or the callback of a batch, with those that it waits for. */
export interface FlowJob {
  readonly id: string;
  readonly after: readonly string[];
  readonly policy: 'fail' | 'cancel' | 'continue';
}

/** Somebody outside was told that a job has ended. */
export interface ToldEnd {
  readonly id: string;
  readonly seq: number;
  readonly state: string;
  readonly by: string;
}

export interface StoredJob {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly group: string | null;
  /** Null: of a schedule, not of a user. */
  readonly n: number | null;
  readonly uniqueKey: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly finished: boolean;
  readonly attempt: number;
  readonly retries: number | null;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** `n` of the result; null without one. */
  readonly resultN: number | null;
  /** Events that its handler emits when it succeeds. */
  readonly emits: number;
}

/** Times are epoch milliseconds of the core. */
export interface StoredAttempt {
  readonly id: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What was recorded of its error, as JSON; null or left out: none. */
  readonly error?: string | null;
}

export interface StoredSchedule {
  readonly name: string;
  readonly createdAt: number;
  /** The last slot that is settled. */
  readonly cursor: number;
}

export interface StoredRow {
  readonly seq: number;
  readonly prev: number | null;
  readonly type: string;
  readonly id: string;
  readonly kind: 'event' | 'state' | 'end';
  /** Of a job's row. */
  readonly state: string | null;
}

/** One report that reached the receiver. */
export interface Receipt {
  readonly seq: number;
  readonly jobId: string;
  readonly success: boolean;
  /** The furthest position of the report cursor that `status` had shown by then. */
  readonly knownCursor: number;
}

/** One request that reached the receiver of web hooks. */
export interface HookCall {
  readonly id: string;
  readonly attempt: number;
  readonly webhookId: string;
  readonly isSigned: boolean;
  /** The status that it was answered with; null: the connection was cut instead. */
  readonly answered: number | null;
}

export interface SeenEvent {
  readonly seq: number;
  readonly prev: number | null;
}

export interface FollowedLog {
  readonly name: string;
  /** Where it started: rows after it are owed to it. */
  readonly from: number;
  readonly seen: readonly SeenEvent[];
  /** What it was told to be gone. */
  readonly gaps: number;
}

export interface Evidence {
  readonly attempted: readonly AttemptedAdd[];
  readonly accepted: readonly AcceptedAdd[];
  readonly flows: readonly FlowJob[];
  /** Answers to a request that are neither an acceptance nor "not reachable". */
  readonly refusals: readonly string[];
  readonly told: readonly ToldEnd[];
  /** Cancelled ones may be gone: retention removes them while the run lasts. */
  readonly jobs: readonly StoredJob[];
  readonly attempts: readonly StoredAttempt[];
  readonly schedules: readonly StoredSchedule[];
  /** What the steady follower saw of rows that retention has removed since, and the rows that are there. */
  readonly log: readonly StoredRow[];
  readonly journal: readonly JournalLine[];
  readonly receipts: readonly Receipt[];
  /** For each end of the receiver's connections: reports that it had, and that nobody knew to be settled. */
  readonly unacknowledged: readonly number[];
  readonly hookCalls: readonly HookCall[];
  readonly followers: readonly FollowedLog[];
  /** What does not fit together inside the database: leftovers of removed jobs, wrong counts, damage. */
  readonly contradictions: readonly string[];
  /** Processes that outlived their supervisor by more than 5 s. */
  readonly survivors: readonly string[];
  /** What went wrong with a start or a stop of the service itself, or with the v1 subscriber. */
  readonly troubles: readonly string[];
}

/**
 * What a run of the crash tests leaves behind, from every witness: who added, who ran, who received,
 * who followed, and the database itself. The checker reads nothing else.
 */
import type { JournalLine } from './journal.ts';

/** A job that somebody tried to add; `n` is in its payload and unlike any other. */
export interface AttemptedAdd {
  readonly n: number;
  readonly uniqueKey: string | null;
}

export interface AcceptedAdd {
  readonly n: number;
  readonly id: string;
  readonly duplicate: boolean;
}

/** Somebody outside was told that a job has ended. */
export interface ToldEnd {
  readonly id: string;
  readonly state: string;
  readonly by: string;
}

export interface StoredJob {
  readonly id: string;
  readonly n: number;
  readonly uniqueKey: string | null;
  readonly state: string;
  readonly finished: boolean;
  readonly attempt: number;
  /** `n` of the result; null without one. */
  readonly resultN: number | null;
  /** Events that its handler emits when it succeeds. */
  readonly emits: number;
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
  /** Answers to an add that are neither an acceptance nor "not reachable". */
  readonly refusals: readonly string[];
  readonly told: readonly ToldEnd[];
  readonly jobs: readonly StoredJob[];
  readonly log: readonly StoredRow[];
  readonly journal: readonly JournalLine[];
  readonly receipts: readonly Receipt[];
  /** For each end of the receiver's connections: reports that it had, and that nobody knew to be settled. */
  readonly unacknowledged: readonly number[];
  readonly followers: readonly FollowedLog[];
  /** Processes that outlived their supervisor by more than 5 s. */
  readonly survivors: readonly string[];
  /** What went wrong with a start or a stop of the service itself, or with the v1 subscriber. */
  readonly troubles: readonly string[];
}

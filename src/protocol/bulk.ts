/** What is done to many jobs at once, and what the control API answers to it. */
import type { ErrorCode } from './errors.ts';
import type { JobRequest, JobState, JobSummary } from './jobs.ts';

/** Jobs that fit all of what is given. */
export interface JobFilter {
  /** These, as far as they fit the rest. */
  readonly ids?: readonly string[];
  /** What each verb takes when omitted: see `docs/operating-jobs.md`. */
  readonly state?: readonly JobState[];
  readonly type?: string;
  readonly queue?: string;
  readonly group?: string;
  readonly userId?: string;
  /** ISO 8601 with a zone. */
  readonly createdBefore?: string;
  readonly createdAfter?: string;
  /** Milliseconds since the job ended or, where it has not ended, since it was added. */
  readonly olderThanMs?: number;
  /** Text that the message of the error of an ended job holds. */
  readonly error?: string;
}

export const BULK_VERBS = ['retry', 'cancel', 'move', 'purge'] as const;
/**
 * - `retry`: failed and cancelled jobs are queued again;
 * - `cancel`: jobs that wait are cancelled, those that run are told to stop;
 * - `move`: jobs that wait go to another queue;
 * - `purge`: jobs that wait are cancelled, the records of ended ones are removed.
 */
export type BulkVerb = (typeof BULK_VERBS)[number];

/** Ids in one filter. */
export const MAX_FILTER_IDS = 10_000;

/** What `POST /v1/jobs/VERB` takes. */
export interface BulkRequest {
  readonly filter: JobFilter;
  /** Counts and shows examples, and changes nothing. */
  readonly dryRun?: boolean;
  /** `move`: where to. */
  readonly queue?: string;
  /** To be answered after about so many ms, with `next`, if there is more to do by then; omitted: when all is done. */
  readonly forMs?: number;
  /** `next` of the answer before. */
  readonly cursor?: string;
}

/** The longest `forMs`. */
export const MAX_BULK_STEP_MS = 60_000;

export interface BulkFailure {
  readonly id: string;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface BulkAnswer {
  readonly matched: number;
  /** With `dryRun` 0. */
  readonly changed: number;
  readonly failed: number;
  /** The first 100 of those that failed. */
  readonly failures: readonly BulkFailure[];
  /** With `dryRun`: the first 10. */
  readonly examples?: readonly JobSummary[];
  /** With `forMs`: where to go on; null: all is done. */
  readonly next?: string | null;
}

/** What `POST /v1/jobs/export` takes. */
export interface ExportRequest {
  readonly filter: JobFilter;
  /** `next` of the page before. */
  readonly cursor?: string;
}

export interface ExportPage {
  /** Each can be added again as it is; oldest first among the unfinished and among the ended ones. */
  readonly jobs: readonly JobRequest[];
  /** Null on the last page; a page may be empty and not the last. */
  readonly next: string | null;
}

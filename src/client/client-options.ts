/** What the methods of a client take, as far as it is not the daemon's own language. */
import type { Topic, VolatileEvent } from '../protocol/events.ts';
import type { JobRequest, JobState, JobSummary } from '../protocol/jobs.ts';
import type { GapFacts } from './log-follower.ts';

/** Everything of a job but its type and payload. */
export type AddOptions = Omit<JobRequest, 'type' | 'payload'>;

export interface ListOptions {
  readonly state?: JobState;
  readonly type?: string;
  readonly queue?: string;
  readonly user?: string;
  readonly group?: string;
  /** 1 to 1000; 50 when omitted. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** Newest first. */
export interface JobPage {
  readonly jobs: readonly JobSummary[];
  /** Null on the last page. */
  readonly next: string | null;
}

export interface EventsOptions {
  /** `*` or omitted: every type. */
  readonly type?: string;
  /** `*` or omitted: every id. */
  readonly id?: string;
  /** Several topics instead of `type` and `id`. */
  readonly topics?: readonly Topic[];
  /** Last `seq` seen; omitted: only what comes from now on. */
  readonly since?: string;
  /** Of the log that `since` belongs to. */
  readonly epoch?: string;
  readonly signal?: AbortSignal;
  /**
   * Called with each event of a type that is only live, at once: it has no place among those of the iteration,
   * and what comes while nobody is connected is missed.
   */
  readonly onVolatile?: (event: VolatileEvent) => void;
  /** Called when the log no longer has what lies after `since`. Omitted: the iteration ends with an error. */
  readonly onGap?: (facts: GapFacts) => void;
}

export interface EventPageOptions {
  readonly since?: string;
  readonly type?: string;
  readonly id?: string;
  readonly limit?: number;
}

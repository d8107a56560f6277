/**
 * The port of what is asked about queues beyond counts: how long the oldest queued job waits, and what goes
 * before a job. Reads only, and never more than a bounded number of rows.
 *
 * Adapters: `sqlite/`; the tests keep a second one in memory.
 */
import type { JobRecord, Lane } from './job.ts';

export interface OldestQueued {
  readonly id: string;
  /** Epoch milliseconds since which it could have run. */
  readonly since: number;
  /** False: there were too many lanes, or too many jobs that came back, to look at all; one may wait longer. */
  readonly isExact: boolean;
}

/** A queued job's place in its lane. */
export interface PlaceInLane {
  readonly id: string;
  readonly priority: number;
}

export type KeyedJob = Pick<JobRecord, 'id' | 'type' | 'uniqueKey'>;

export interface QueueStats {
  /** By queue; without those that hold nothing. */
  oldestQueued(): Promise<ReadonlyMap<string, OldestQueued>>;
  /** Queued jobs of these lanes that go first: higher priority, or the same and older. Counts no further than `limit`. */
  countAhead(lanes: readonly Lane[], place: PlaceInLane, limit: number): Promise<number>;
  /** Until when the job's unique key is held though the job may have ended; null: no window. */
  uniqueUntil(job: KeyedJob): Promise<number | null>;
}

/** Lines of one lane and priority that are looked at for the oldest job of a queue. */
export const MAX_LINES_SEEN = 500;
/** Jobs at the head of such a line: those that came back stand before ones that wait for longer. */
export const MAX_HEAD_SEEN = 50;

/** What `queue list`, `queue stats` and `status` tell of how the work goes: from memory, since the core woke. */

/** The job of a queue that could have run for the longest time. */
export interface OldestView {
  readonly id: string;
  /** When it was added, or its time came. */
  readonly since: string;
  /** Milliseconds since then. */
  readonly latency: number;
  /** False: there were too many groups, or jobs that came back, to look at all; another may wait longer. */
  readonly isExact: boolean;
}

/** Jobs that ended, a second; over a shorter stretch while the core is younger than that. */
export interface ThroughputView {
  readonly lastMinute: number;
  readonly lastFiveMinutes: number;
}

export interface EndCounts {
  /** Jobs, by how they ended after an attempt. */
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Attempts that ended, and those of them that were charged as failed. */
  readonly attempts: number;
  readonly failedAttempts: number;
  /** Failed jobs among those that succeeded or failed, 0 to 1; null where there was none. */
  readonly failureRate: number | null;
}

export interface TypeStatsView {
  readonly type: string;
  /** In stretches of five minutes: between 55 and 60 of them. Durations of attempts in ms, within 10 %. */
  readonly lastHour: EndCounts & { readonly p50: number | null; readonly p95: number | null };
  readonly sinceStart: EndCounts;
  /** Its attempts take executors down: one at a time is tried. */
  readonly degraded?: true;
}

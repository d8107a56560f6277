/**
 * The port through which the report client reads ended jobs: the log, seen from the named cursor
 * `report`. The core implements it; nothing here knows how the log is stored.
 */

/** One ended job, as much of it as a report tells. */
export interface EndedJob {
  /** Position of this end in the log. */
  readonly seq: string;
  readonly jobId: string;
  /** Stable: the same end has the same id however often it is read. */
  readonly eventId: string;
  readonly type: string;
  readonly success: boolean;
  /** Epoch milliseconds. */
  readonly completedAt: number;
  /** Of the last attempt, by a monotonic clock. */
  readonly durationMs: number;
  readonly attempts: number;
  readonly userId: string | null;
  /** The trace that the job belongs to; mostly none. */
  readonly traceparent?: string;
  /** Null for a success. */
  readonly error: { readonly message: string; readonly stack: string | null } | null;
}

export interface EndsPage {
  /** In log order. */
  readonly ends: readonly EndedJob[];
  /** The position after the last row that was looked at; the position asked for when there was none. */
  readonly next: string;
}

export interface ReportSource {
  /** Position of the named cursor `report`. */
  cursor(): Promise<string>;
  /** Ended jobs after the position. Rows that are no ends, or whose type is not reported, are skipped. */
  readEnds(after: string, limit: number): Promise<EndsPage>;
  /** Resolves when the log has rows after the position; rejects or resolves when aborted. */
  waitForMore(after: string, signal: AbortSignal): Promise<void>;
  /** Moves the cursor; durable when resolved. */
  advance(to: string): Promise<void>;
  /** Ended jobs that are not acknowledged yet. */
  pending(): Promise<number>;
}

/**
 * The port of the event log: one append-only log, many cursors.
 *
 * `seq` and cursors are opaque strings; the log's order is the order of its commits. Whoever
 * waits reads from a cursor; `onAppended` only says that there is more, after the commit.
 */
import type { LogEvent, Topic } from '../protocol/events.ts';
import type { JobError } from '../protocol/jobs.ts';

/** What a row is about: an event that somebody published, a job's state, or a job's end. */
export type LogKind = 'event' | 'state' | 'end';

/** What only the reporter may see of a job's end. */
export interface EndDetail {
  readonly userId: string | null;
  readonly error: JobError | null;
}

/** A row as it goes in. `data` is the JSON text of an array. */
export interface NewRow extends Topic {
  readonly kind: LogKind;
  readonly data: string;
  readonly detail?: EndDetail;
}

/** A row as it comes out, its data still text: a push writes it as it is. */
export interface LogRow extends Topic {
  readonly seq: string;
  readonly prev: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: LogKind;
  readonly data: string;
}

export interface EndRow extends LogRow {
  readonly detail: EndDetail;
}

export interface ReadRequest {
  readonly after: string;
  readonly limit: number;
  /** One topic only; `id` omitted: every id of the type. */
  readonly type?: string | undefined;
  readonly id?: string | undefined;
}

/** How far the reports came; what lies after it is never pruned, even before it was first moved. */
export const REPORT_CURSOR = 'report';

/** Rows go when either bound says so; a bound that is left out is none. */
export interface PruneRequest {
  /** Rows from before this moment (epoch milliseconds) may go. */
  readonly before?: number | undefined;
  /** So many of the newest rows stay; older ones may go. */
  readonly keep?: number | undefined;
  /** About so many rows at a time: what was stored as one piece goes as one. */
  readonly limit: number;
}

export interface EventLog {
  /** Changes only when the log is a different log. */
  readonly epoch: string;
  append(rows: readonly NewRow[], now: number): Promise<readonly LogRow[]>;
  read(request: ReadRequest): Promise<readonly LogRow[]>;
  readEnds(after: string, limit: number): Promise<readonly EndRow[]>;
  countEnds(after: string): Promise<number>;
  /** Position of the last row; "0" when the log is empty. */
  top(): string;
  /** Position of the oldest row that is kept; "0" when there is none. */
  oldest(): string;
  /** True when everything after the position is still there. */
  holds(position: string): boolean;
  cursor(name: string): Promise<string>;
  moveCursor(name: string, to: string): Promise<void>;
  /**
   * Removes the oldest rows, never one that a named cursor has not passed. Their numbers are not given again.
   * @returns how many went; 0 when there is nothing more to remove
   */
  prune(request: PruneRequest): Promise<number>;
  /** Calls back after each commit with the rows it appended, in order. Returns the way to stop it. */
  onAppended(listener: (rows: readonly LogRow[]) => void): () => void;
}

export function toLogEvent(row: LogRow): LogEvent {
  return {
    type: row.type,
    id: row.id,
    data: JSON.parse(row.data),
    seq: row.seq,
    prev: row.prev,
    at: new Date(row.at).toISOString(),
  };
}

/** The same as `JSON.stringify(toLogEvent(row))` of each, without parsing the data. */
export function renderLogEvents(rows: readonly LogRow[]): readonly string[] {
  // The rows of one commit are mostly of one moment, and a date is dear to render.
  let at = Number.NaN;
  let moment = '';
  return rows.map((row) => {
    if (row.at !== at) {
      at = row.at;
      moment = new Date(at).toISOString();
    }
    const prev = row.prev === null ? 'null' : `"${row.prev}"`;
    return `{"type":${JSON.stringify(row.type)},"id":${JSON.stringify(row.id)},"data":${row.data},"seq":"${row.seq}","prev":${prev},"at":"${moment}"}`;
  });
}

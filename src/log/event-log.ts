/**
 * The port of the event log: one append-only log, many cursors.
 *
 * `seq` and cursors are opaque strings; the log's order is the order of its commits. Whoever
 * waits reads from a cursor; `onAppended` only says that there is more, after the commit.
 */
import type { LogEvent, PublishedEvent, Topic } from '../protocol/events.ts';
import type { JobError } from '../protocol/jobs.ts';
import type { Slice } from '../protocol/slices.ts';

/** What a row is about: an event that somebody published, a job's state, or a job's end. */
export type LogKind = 'event' | 'state' | 'end';

/** What only the reporter may see of a job's end. */
export interface EndDetail {
  readonly userId: string | null;
  readonly error: JobError | null;
  /** The trace that the job belongs to; mostly none. */
  readonly traceparent?: string;
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

/** A row of a type that is only live: it has no place in the log, and those who are not there never hear of it. */
export interface VolatileRow extends Topic {
  readonly seq: null;
  readonly prev: null;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: LogKind;
  readonly data: string;
}

export type LiveRow = LogRow | VolatileRow;

/** Events of these types are only live; others are kept. */
export type IsVolatile = (type: string) => boolean;

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

/** Cursors of subscribers begin so: they wait for nobody, and what lies after them may be pruned. */
export const CLIENT_CURSOR_PREFIX = 'client:';

export interface NamedCursor {
  readonly name: string;
  readonly position: string;
}

/** Rows go when either bound says so; a bound that is left out is none. */
export interface PruneRequest {
  /** Rows from before this moment (epoch milliseconds) may go. */
  readonly before?: number | undefined;
  /** So many of the newest rows stay; older ones may go. */
  readonly keep?: number | undefined;
  /** About so many rows at a time: what was stored as one piece goes as one. */
  readonly limit: number;
  /** When its time is over, the rest stays for another call. */
  readonly slice?: Slice | undefined;
}

/** Makes a repeat of an append known as one. */
export interface AppendGuard {
  readonly key: string;
  /** Of what is appended: the same key with another one is not the same append. */
  readonly fingerprint: string;
}

/** How long a repeat is known. */
export const APPEND_GUARD_LIFETIME_MS = 86_400_000;

/** Rows of one type go when either bound says so, oldest first, wherever in the log they stand. */
export interface PruneTypeRequest extends PruneRequest {
  readonly type: string;
}

export interface PrunedType {
  readonly removed: number;
  /** False: there may be more to remove, also where nothing was removed in this step. */
  readonly isDone: boolean;
  /** Of the oldest row of the type that stays (epoch milliseconds); null: none was met. */
  readonly oldestAt: number | null;
}

export interface EventLog {
  /** Changes only when the log is a different log. */
  readonly epoch: string;
  /** Rows of types that are only live are told to `onLive` and kept nowhere. */
  append(rows: readonly NewRow[], now: number): Promise<readonly LiveRow[]>;
  /** As `append`, once for each key: a repeat within a day is answered with the rows of the first. */
  appendOnce(
    rows: readonly NewRow[],
    guard: AppendGuard,
    now: number,
  ): Promise<readonly LiveRow[] | 'other-rows'>;
  read(request: ReadRequest): Promise<readonly LogRow[]>;
  /** The newest row of a topic; undefined when the log has none. */
  newest(topic: Topic): Promise<LogRow | undefined>;
  readEnds(after: string, limit: number): Promise<readonly EndRow[]>;
  countEnds(after: string): Promise<number>;
  /** Position of the last row; "0" when the log is empty. */
  top(): string;
  /** Position of the oldest row that is kept; "0" when there is none. */
  oldest(): string;
  /** The last row that went by a bound of its type, of these types or of any; "0" while there is none. */
  gone(types?: readonly string[]): string;
  /** True when everything after the position is still there; of these types only where they are given. */
  holds(position: string, types?: readonly string[]): boolean;
  cursor(name: string): Promise<string>;
  moveCursor(name: string, to: string): Promise<void>;
  /** Those that were ever moved and whose names begin so, by position; the first `limit` of them, or all. */
  cursors(prefix: string, limit?: number): Promise<readonly NamedCursor[]>;
  removeCursor(name: string): Promise<void>;
  /**
   * Removes the oldest rows, never one that a cursor has not passed, save those of subscribers. Their numbers are not given again.
   * @returns how many went; 0 when there is nothing more to remove
   */
  prune(request: PruneRequest): Promise<number>;
  /** Rows of one type may be kept shorter than the log: removes the oldest of them. Not for jobs and queues. */
  pruneType(request: PruneTypeRequest): Promise<PrunedType>;
  /** Rows that are kept, by type; jobs are not counted. */
  rowsByType(): ReadonlyMap<string, number>;
  /** Calls back after each commit with the rows it appended, in order. Returns the way to stop it. */
  onAppended(listener: (rows: readonly LogRow[]) => void): () => void;
  /** As `onAppended`, with the rows that are only live at their places among them; the same array where there are none. */
  onLive(listener: (rows: readonly LiveRow[]) => void): () => void;
}

export function isKept(row: LiveRow): row is LogRow {
  return row.seq !== null;
}

/** What the publisher of a row is answered. */
export function toPublishedEvent(row: LiveRow): PublishedEvent {
  if (isKept(row)) return toLogEvent(row);
  const { type, id, data, at } = row;
  return { type, id, data: JSON.parse(data), at: new Date(at).toISOString() };
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

/** The same as `JSON.stringify(toPublishedEvent(row))` of each, without parsing the data. */
export function renderLogEvents(rows: readonly LiveRow[]): readonly string[] {
  // The rows of one commit are mostly of one moment, and a date is dear to render.
  let at = Number.NaN;
  let moment = '';
  return rows.map((row) => {
    if (row.at !== at) {
      at = row.at;
      moment = new Date(at).toISOString();
    }
    const head = `{"type":${JSON.stringify(row.type)},"id":${JSON.stringify(row.id)},"data":${row.data}`;
    if (row.seq === null) return `${head},"at":"${moment}"}`;
    const prev = row.prev === null ? 'null' : `"${row.prev}"`;
    return `${head},"seq":"${row.seq}","prev":${prev},"at":"${moment}"}`;
  });
}

/** Reading the log for a subscriber that comes back: many topics at once, merged in the log's order. */
import type { LogEvent, Topic, VolatileEvent } from './events.ts';

/** A position that is kept by the core, under a name of its user's. */
export interface ClientCursor {
  readonly user: string;
  readonly name: string;
}

/** `POST /v1/events/history`. One of `since`, `cursor` and `last`. */
export interface HistoryRequest {
  /** An id may be `*`, or a beginning that ends in `.*`. */
  readonly topics: readonly Topic[];
  readonly since?: string;
  readonly epoch?: string;
  readonly cursor?: ClientCursor;
  /** The newest event of each topic instead. */
  readonly last?: true;
  /** Events at most; 500 when omitted. */
  readonly limit?: number;
  /** About so many bytes of data at most, but one event always; 256 KiB when omitted. */
  readonly maxBytes?: number;
}

export interface HistoryPage {
  readonly epoch: string;
  /** False when not everything after the position is there: then the events begin with the oldest that is. */
  readonly recovered: boolean;
  /** Where this page begins: what was asked for, where it could be had. */
  readonly since: string;
  /** In order. Those without `seq` are made from what is known besides the log (the end of an old job). */
  readonly events: readonly (LogEvent | VolatileEvent)[];
  /** Everything up to here was looked at: pass it as `since` to go on. */
  readonly next: string;
  /** There is more after `next`. */
  readonly more: boolean;
  /** The first event that the log has, and its last; "0" when it has none. */
  readonly oldest: string;
  readonly top: string;
}

/** One of `POST /v1/events/cursors`. */
export interface CursorMove extends ClientCursor {
  readonly seq: string;
}

/** Of one `POST /v1/events/cursors`. */
export const MAX_CURSOR_MOVES = 10_000;
/** Of one `POST /v1/events/history`. */
export const MAX_HISTORY_TOPICS = 10_000;

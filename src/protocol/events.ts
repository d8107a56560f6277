/**
 * Events as they travel: topics, the log's rows, and the messages of events v1 and v2.
 *
 * v1 shapes are fixed (deployed clients): key order and bytes are held by golden tests.
 * v2 here is the part that the control socket speaks to followers of the log.
 */
import type { Json } from './json.ts';

/** Types that exist without configuration; `[event:NAME]` sections add more. */
export const BUILT_IN_EVENT_TYPES = [
  'issueUpdate',
  'notification',
  'datasetUpdate',
  'uploadFile',
  'downloadFile',
  'job',
  'queue',
] as const;

/** Types that only Taskbell itself publishes. */
export const RESERVED_EVENT_TYPES: readonly string[] = ['job', 'queue'];

/**
 * What gateways must learn at once of who may come in: revoked tokens, changed users and grants. Rows of the log, so
 * that none is missed; nobody publishes, configures or attaches to this type, and it is never sent to a subscriber.
 */
export const ACCESS_EVENT_TYPE = 'access';

export const MAX_EVENT_ID_BYTES = 256;

/** What a topic is named by. */
export interface Topic {
  readonly type: string;
  readonly id: string;
}

/** An event to publish. `data` is always an array. */
export interface EventRequest extends Topic {
  readonly data: readonly Json[];
}

/** One row of the log. `seq` and `prev` are opaque cursors; on SQLite they are decimal numbers. */
export interface LogEvent extends Topic {
  readonly data: readonly Json[];
  readonly seq: string;
  /** The previous `seq` of the same topic; null for the first that the log holds. */
  readonly prev: string | null;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * An event of a type with `delivery = volatile`: it is in no log, reaches those who follow at its moment, and is
 * never resumed.
 */
export interface VolatileEvent extends Topic {
  readonly data: readonly Json[];
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly seq?: never;
  readonly prev?: never;
}

/** What a publish is answered with, one for each event of it. */
export type PublishedEvent = LogEvent | VolatileEvent;

/** How an event type is delivered: kept in the log, or live only. */
export type Delivery = 'durable' | 'volatile';

/** So many events may be published at once. */
export const MAX_EVENTS_AT_ONCE = 1_000;
/** Of the data of one event, as JSON text. */
export const MAX_EVENT_DATA_BYTES = 1_048_576;
/** Of the data of one event, its own array included. */
export const MAX_EVENT_DEPTH = 32;

/** One event type, as `GET /v1/event-types` and `event types` tell of it. */
export interface EventTypeView {
  readonly name: string;
  readonly description: string;
  readonly builtIn: boolean;
  /** False: only Taskbell itself publishes it. */
  readonly publishable: boolean;
  readonly delivery: Delivery;
  /** Milliseconds; null: as long as the log keeps everything. */
  readonly retentionMs: number | null;
  /** Null: any number. */
  readonly retentionCount: number | null;
  /** The JSON Schema that `data` is checked with; null: it is not. */
  readonly schema: Json;
  /** Rows in the log; null where they are not counted. */
  readonly rows: number | null;
}

export interface EventTypesView {
  readonly types: readonly EventTypeView[];
  /** Volatile events that a follower of the control socket did not get, because it read too slowly. */
  readonly droppedVolatile: number;
}

export interface EventPage {
  readonly epoch: string;
  readonly events: readonly LogEvent[];
  /** Pass it as `since` to go on; also set when the page is empty. */
  readonly next: string;
  /** False when `since` is older than the oldest row, unknown, or of another epoch. */
  readonly recovered: boolean;
}

/** The data of a `job` event, its only array element. */
export interface JobEventData {
  readonly state: string;
  readonly type: string;
  readonly queue: string;
  readonly attempt: number;
  readonly duration?: number;
  readonly reason?: string;
  readonly error?: string;
  readonly runAt?: string;
  readonly progress?: Json;
  readonly userId?: string;
  /** What a later add of its unique key did: `replaced`, `postponed` or `follows`. */
  readonly unique?: string;
}

/** Follower → core on the control socket. */
export interface FollowRequest {
  readonly action: 'attach';
  /** `*` as type or id means all. Left out: nothing until a reattach; only the position is taken. */
  readonly events?: readonly Topic[];
  readonly rid?: number;
  /** Last `seq` seen; omitted: only what comes from now on. */
  readonly since?: string;
  readonly epoch?: string;
}

/** Follower → core: other events from now on, from where the follower stands. */
export interface ReattachRequest {
  readonly action: 'reattach';
  /** As in an attach; empty: nothing. */
  readonly events: readonly Topic[];
  readonly rid?: number;
}

/** Core → follower, the answer to an attach or reattach. After it come `LogEvent`s, one a message. */
export interface FollowReply {
  readonly status: 200 | 400;
  readonly message: string;
  readonly code: number;
  readonly rid?: number;
  /** Where the subscription starts: events after it will come. */
  readonly seq?: string;
  /** Of an attach only, as `recovered`. */
  readonly epoch?: string;
  readonly recovered?: boolean;
  /** With code 5: what is wrong, in words. */
  readonly detail?: string;
}

/** Heartbeat: up to here the log holds nothing more for the follower, so silence is not taken for loss. */
export interface SyncMessage {
  readonly action: 'sync';
  readonly seq: string;
}

/** `*` as type or id covers all; an id that ends in `.*`, every id that begins so. */
export function covers(pattern: Topic, { type, id }: Topic): boolean {
  if (pattern.type !== '*' && pattern.type !== type) return false;
  return pattern.id === '*' || pattern.id === id || isCoveredBy(pattern.id, id);
}

function isCoveredBy(pattern: string, id: string): boolean {
  return pattern.endsWith('.*') && id.startsWith(pattern.slice(0, -1));
}

export function isEventId(id: string): boolean {
  const bytes = Buffer.byteLength(id);
  return bytes >= 1 && bytes <= MAX_EVENT_ID_BYTES;
}

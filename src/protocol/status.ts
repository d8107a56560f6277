/** The shapes of `status`, `queue list`, `report status` and of users and grants in the control API. */
import type { StorageView } from './database.ts';
import type { JobState } from './jobs.ts';
import type { OldestView, ThroughputView, TypeStatsView } from './stats.ts';
import type { ProcessView } from './supervision.ts';
import type { TroubleView } from './troubles.ts';

export type ReportState = 'off' | 'connecting' | 'connected' | 'disconnected' | 'failed';

export interface ReportStatus {
  readonly state: ReportState;
  readonly url: string | null;
  /** Ended jobs that are not acknowledged yet. */
  readonly pending: number;
  /** Position of the report cursor. */
  readonly cursor: string;
  readonly acknowledge: 'auto' | 'required' | 'off';
  /** Acknowledged since this core became awake. */
  readonly reported: number;
  readonly lastError: string | null;
  readonly counts: Readonly<Record<string, number>>;
}

export interface StatusView {
  readonly ready: boolean;
  readonly version: string;
  readonly dataDirectory: string;
  readonly startedAt: string;
  readonly processes: readonly ProcessView[];
  /** Unfinished states: now. Finished states: ends since the database was made, so that a job which was retried has two. */
  readonly jobs: Readonly<Record<JobState, number>>;
  /** Failed jobs whose records are kept: to be looked at, retried or purged. */
  readonly dead: number;
  /** The queued job that waits the longest of all; null where nothing is queued. */
  readonly oldest: (OldestView & { readonly queue: string }) | null;
  /** `ready`: those of them that take jobs. */
  readonly executors: {
    readonly total: number;
    readonly ready: number;
    readonly slots: number;
    readonly running: number;
  };
  readonly report: ReportStatus;
  readonly gateway: {
    readonly address: string;
    readonly port: number;
    readonly path: string;
  } | null;
  /** Of all gateways that answered in time. `lag`: rows of the log that the slowest of them was not handed yet. */
  readonly subscribers: {
    readonly gateways: number;
    readonly silent: number;
    readonly connections: number;
    /** Connections that they take at most; null: without an end. */
    readonly room: number | null;
    /** Connections that found no room, since the gateways began. */
    readonly refused: number;
    readonly subscriptions: number;
    readonly lag: number;
  };
  readonly log: { readonly epoch: string; readonly top: string; readonly oldest: string };
  /** Types of which one attempt at a time is tried, since their attempts take executors down; none in former versions. */
  readonly degradedTypes?: readonly DegradedTypeView[];
  /** Where they were asked for: `?details=1`. */
  readonly details?: StatusDetails;
}

export interface DegradedTypeView {
  readonly type: string;
  /** Executors that its attempts have taken down since one of them came back. */
  readonly deaths: number;
  readonly since: string;
  /** When an attempt is tried; null: one is under way, or due as soon as there is a job. */
  readonly nextTryAt: string | null;
}

/** A reader of the log, and how many rows it has not passed. */
export interface CursorView {
  readonly name: string;
  readonly position: string;
  readonly lag: number;
}

export interface DiskView {
  readonly databaseBytes: number;
  /** What was committed and is not in the database's own file yet. */
  readonly walBytes: number;
  /** Of the file system of the data directory, for this user; null: it does not tell. */
  readonly freeBytes: number | null;
  readonly totalBytes: number | null;
}

/** Null: the system does not tell, or the process is gone. */
export interface VitalsView {
  readonly pid: number;
  readonly residentBytes: number | null;
  /** User and system time since it began. */
  readonly cpuSeconds: number | null;
}

export interface RuntimeView {
  readonly node: string;
  readonly sqlite: string;
  /** As the database has them in force. */
  readonly pragmas: Readonly<Record<string, string | number>>;
}

export interface StatusDetails {
  readonly queues: readonly QueueView[];
  /** The reports, the gateways, and the cursors of clients that are the furthest behind. */
  readonly cursors: readonly CursorView[];
  readonly disk: DiskView;
  /** Of the database's file: backups, its check, space that is held back. */
  readonly storage?: StorageView;
  /** Of the processes on this machine. */
  readonly vitals: readonly VitalsView[];
  /** Events times their subscribers, since the gateways began. */
  readonly delivered: number;
  /** Warnings and errors that the processes of this service have logged, oldest first. */
  readonly troubles: readonly TroubleView[];
  readonly runtime: RuntimeView;
}

/**
 * `paused`: takes jobs and starts none; `draining`: takes none, and what is there runs to its end.
 */
export type QueueMode = 'open' | 'paused' | 'draining';

export interface QueueView {
  readonly name: string;
  readonly mode: QueueMode;
  /** As `mode` says. */
  readonly paused: boolean;
  readonly jobs: Readonly<
    Record<'waiting' | 'scheduled' | 'queued' | 'running' | 'retrying', number>
  >;
  /** In lists. Null: nothing is queued. */
  readonly oldest?: OldestView | null;
  /** In lists. */
  readonly throughput?: ThroughputView;
}

/** `GET /v1/stats`. */
export interface StatsView {
  /** When this core woke: what is counted in memory begins here. */
  readonly since: string;
  readonly queues: readonly QueueView[];
  /** Of types that an attempt has ended of. */
  readonly types: readonly TypeStatsView[];
}

export interface UserView {
  readonly id: string;
  readonly name: string | null;
  readonly active: boolean;
  readonly createdAt: string;
}

export interface GrantView {
  readonly user: string;
  readonly type: string;
  /** `*` grants every object of the type. */
  readonly id: string;
}

export interface AccessQuestion {
  readonly user: string;
  readonly type: string;
  readonly id: string;
}

/** 3: user unknown or inactive; 4: may not see the object (events v1 codes). */
export interface AccessAnswer {
  readonly code: 0 | 3 | 4;
}

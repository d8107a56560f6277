/** The shapes of work on the database file: copies, checks, what the process that does it says, and how the file stands. */
import type { ErrorCode } from './errors.ts';

/** Their names in the data directory. */
export const DATABASE_FILE = 'taskbell.db';
export const LOCK_FILE = 'owner.lock';
export const BACKUP_DIRECTORY = 'backups';

/** `taskbell-20261122T093316Z.db`: sorted by name they are sorted by time. @param now epoch milliseconds */
export function backupName(now: number): string {
  const stamp = new Date(now)
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `taskbell-${stamp}.db`;
}

/** What a file holds, as rows of its tables. */
export interface DatabaseFacts {
  readonly bytes: number;
  /** Free pages inside the file: used again, and given back by a compaction. */
  readonly freeBytes: number;
  readonly schema: number;
  readonly epoch: string;
  readonly unfinishedJobs: number;
  readonly endedJobs: number;
  /** Rows of the log since it began, and the number of the newest one. */
  readonly events: number;
  readonly top: string;
  readonly schedules: number;
}

export interface DatabaseCheck {
  readonly file: string;
  readonly ok: boolean;
  /** Whether indexes were compared with their tables as well. */
  readonly full: boolean;
  /** What SQLite finds broken; the first 20. */
  readonly damage: readonly string[];
  /** What contradicts itself, although the file can be read. */
  readonly contradictions: readonly string[];
  readonly facts: DatabaseFacts | null;
  readonly durationMs: number;
}

export interface BackupDone {
  readonly file: string;
  readonly facts: DatabaseFacts;
  readonly durationMs: number;
}

export interface RestoreDone {
  readonly file: string;
  /** Where the database went that was there before; null: there was none. */
  readonly aside: string | null;
  readonly facts: DatabaseFacts;
  readonly durationMs: number;
}

export interface CompactionDone {
  readonly file: string;
  readonly before: number;
  readonly after: number;
  readonly durationMs: number;
}

/** Null: nobody else can have it open, such as a copy that is looked at. */
type LockFile = string | null;

/** What one process is started for. Paths are absolute. */
export type DatabaseTask =
  | {
      readonly kind: 'backup';
      readonly source: string;
      readonly target: string;
      readonly lockFile: LockFile;
    }
  | {
      readonly kind: 'check';
      readonly file: string;
      readonly full: boolean;
      readonly lockFile: LockFile;
    }
  | {
      readonly kind: 'restore';
      readonly source: string;
      readonly file: string;
      readonly lockFile: string;
    }
  | { readonly kind: 'compact'; readonly file: string; readonly lockFile: string };

/** What a task of each kind ends with. */
export interface DatabaseResults {
  readonly backup: BackupDone;
  readonly check: DatabaseCheck;
  readonly restore: RestoreDone;
  readonly compact: CompactionDone;
}

export type DatabasePhase = 'checking' | 'copying' | 'verifying' | 'syncing' | 'replacing';

export interface DatabaseStep {
  readonly phase: DatabasePhase;
  /** Grows to about so many bytes while it is copied; null in other phases. */
  readonly draft: { readonly file: string; readonly bytes: number } | null;
}

export type FromDatabaseProcess =
  | { readonly kind: 'step'; readonly step: DatabaseStep }
  | { readonly kind: 'done'; readonly result: unknown }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | null;
    };

export interface DatabaseProgress {
  readonly phase: DatabasePhase;
  /** 0 to 1; null where nobody can know. */
  readonly share: number | null;
}

/** `GET /v1/db`, and part of `GET /v1/status`. Times are ISO 8601. */
export interface StorageView {
  readonly file: string;
  readonly bytes: number;
  readonly walBytes: number;
  /** Of the file system that holds the data directory; null where it does not say. */
  readonly diskFreeBytes: number | null;
  /** `full`: nothing new is accepted until there is space again; see `[daemon] diskReserve`. */
  readonly disk: 'ok' | 'full';
  /** Held back for the moment when the disk is full. */
  readonly reserveBytes: number;
  /** Of the file, after the last start that did not follow a clean stop. */
  readonly check: 'clean' | 'due' | 'running' | 'ok' | 'contradictory' | 'damaged' | 'failed';
  readonly backup: BackupStatus;
  /** What runs now. */
  readonly running: {
    readonly kind: 'backup' | 'check';
    readonly progress: DatabaseProgress;
  } | null;
}

export interface BackupStatus {
  /** The newest one that succeeded; null: none is known. */
  readonly last: { readonly file: string; readonly at: string; readonly bytes: number } | null;
  /** Null: no schedule. */
  readonly nextAt: string | null;
  /** Why the last one failed; null when it did not. */
  readonly error: string | null;
}

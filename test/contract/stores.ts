/** The two kinds of stores that the contract holds for, each opened fresh. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CommitLoop } from '../../src/core/commit-loop.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { LogWriter } from '../../src/log/sqlite/log-writer.ts';
import { SqliteEventLog } from '../../src/log/sqlite/sqlite-event-log.ts';
import { KEY_BYTES, parseKeyRing, renderKey } from '../../src/privacy/key-ring.ts';
import { TextSealer } from '../../src/privacy/text-sealer.ts';
import type { JobStore } from '../../src/queue/job-store.ts';
import type { QueueStats } from '../../src/queue/queue-stats.ts';
import { JobCounts } from '../../src/queue/sqlite/job-counts.ts';
import { QueueModes } from '../../src/queue/sqlite/queue-modes.ts';
import { SqliteQueueStats } from '../../src/queue/sqlite/queue-stats.ts';
import { SqliteJobStore } from '../../src/queue/sqlite/sqlite-job-store.ts';
import { SqliteLimitLedger } from '../../src/queue/sqlite/sqlite-limit-ledger.ts';
import type { ScheduleStore } from '../../src/schedule/schedule-store.ts';
import { SqliteScheduleStore } from '../../src/schedule/sqlite/sqlite-schedule-store.ts';
import { type Database, openDatabase, prepareTransaction } from '../../src/sqlite/database.ts';
import { PLAIN_TEXT, type TextCipher } from '../../src/sqlite/text-cipher.ts';
import { MemoryCommit } from './memory-commit.ts';
import { MemoryEventLog } from './memory-event-log.ts';
import { MemoryJobStore } from './memory-job-store.ts';
import { MemoryQueueStats } from './memory-queue-stats.ts';
import { MemoryScheduleStore } from './memory-schedule-store.ts';

export interface Stores {
  readonly jobs: JobStore;
  readonly log: EventLog;
  readonly schedules: ScheduleStore;
  readonly stats: QueueStats;
  close(): void;
}

export interface SqliteStores extends Stores {
  readonly db: Database;
  readonly loop: CommitLoop;
  readonly counts: JobCounts;
  readonly writer: LogWriter;
}

export interface StoreMaker {
  readonly name: string;
  open(): Stores;
}

/** One event type that is only live. */
export const VOLATILE_TYPE = 'cursorMove';
const isVolatile = (type: string) => type === VOLATILE_TYPE;

/** What is encrypted at rest must not differ in anything else. */
export const BOTH: readonly StoreMaker[] = [
  { name: 'SQLite', open: () => openSqliteStores() },
  { name: 'encrypted SQLite', open: openEncryptedStores },
  { name: 'memory', open: openMemoryStores },
];

export function openMemoryStores(): Stores {
  const group = new MemoryCommit();
  const log = new MemoryEventLog(group.commit, isVolatile);
  const jobs = new MemoryJobStore(group.commit, log);
  const schedules = new MemoryScheduleStore(group.commit, jobs.inTransaction);
  group.join(log);
  group.join(jobs);
  group.join(schedules);
  const stats = new MemoryQueueStats(() => jobs.tables, log);
  return { jobs, log, schedules, stats, close: () => undefined };
}

/** On a database of its own, whose directory goes with `close`. */
export function openSqliteStores(cipher: TextCipher = PLAIN_TEXT): SqliteStores {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-store-'));
  const stores = assemble(openDatabase(path.join(directory, 'taskbell.db')), cipher);
  const close = () => {
    stores.close();
    rmSync(directory, { recursive: true });
  };
  return { ...stores, close };
}

function openEncryptedStores(): SqliteStores {
  return openSqliteStores(newCipher());
}

/** With a key of its own. */
export function newCipher(): TextCipher {
  const bytes = randomBytes(KEY_BYTES);
  return new TextSealer(parseKeyRing(renderKey({ id: 'k', bytes }), 'keys'));
}

/** The adapters on a database that is open already, joined as the core joins them. */
export function assemble(db: Database, cipher: TextCipher = PLAIN_TEXT): SqliteStores {
  const onFatal = (error: Error) => {
    throw error;
  };
  const loop = new CommitLoop({ transaction: prepareTransaction(db), onFatal });
  const writer = new LogWriter(db, cipher, isVolatile);
  const counts = new JobCounts(db);
  loop.join(counts);
  const limits = new SqliteLimitLedger(db);
  loop.join(limits);
  const modes = new QueueModes(db);
  loop.join(modes);
  loop.join(writer);
  const { commit } = loop;
  const jobs = new SqliteJobStore({ db, writer, counts, limits, modes, commit, cipher });
  const schedules = new SqliteScheduleStore({ db, commit, cipher, jobs: jobs.inTransaction });
  const close = () => {
    loop.close();
    db.close();
  };
  return {
    db,
    loop,
    counts,
    writer,
    jobs,
    schedules,
    stats: new SqliteQueueStats(db),
    log: new SqliteEventLog(db, writer, commit, cipher),
    close,
  };
}

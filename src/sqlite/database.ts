/**
 * The one database file: opened, checked, brought to the newest schema.
 *
 * Refuses whatever is not ours before SQLite touches it (file-identity.ts), and never repairs or
 * overwrites. Only the process that holds the ownership lock (ownership.ts) may call `openDatabase`.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { TaskbellError } from '../protocol/errors.ts';
import type { Durability } from '../protocol/jobs.ts';
import type { Transaction } from './commit.ts';
import { APPLICATION_ID, checkFile, checkNothingLeft, explain } from './file-identity.ts';
import { backUpBeforeMigration } from './migration-backup.ts';
import { MIGRATIONS } from './migrations.ts';
import { refuseHalfRestored } from './restore-mark.ts';

export type Database = SqliteDatabase.Database;

/** Older versions can corrupt a WAL database when a checkpoint races a reset. */
const MIN_SQLITE = [3, 51, 3] as const;

/** @param migrations all steps of the schema; only tests have others */
export function openDatabase(file: string, migrations: readonly string[] = MIGRATIONS): Database {
  refuseHalfRestored(file);
  if (!existsSync(file)) createDatabase(file, migrations);
  checkFile(file);
  return openChecked(file, migrations);
}

/** Made under another name and renamed: a crash half-way must not leave a file that is refused. */
function createDatabase(file: string, migrations: readonly string[]): void {
  const draft = `${file}.new`;
  try {
    checkNothingLeft(file);
    for (const rest of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(rest, { force: true });
    openChecked(draft, migrations).close();
    renameSync(draft, file);
  } catch (error) {
    throw explain(error, file);
  }
}

function openChecked(file: string, migrations: readonly string[]): Database {
  const db = connect(file);
  try {
    checkLibrary(db);
    configure(db);
    migrate(db, file, migrations);
    return db;
  } catch (error) {
    db.close();
    throw explain(error, file);
  }
}

function connect(file: string): Database {
  try {
    return new SqliteDatabase(file, { timeout: 100 });
  } catch (error) {
    throw explain(error, file);
  }
}

function checkLibrary(db: Database): void {
  const version = String(db.prepare('SELECT sqlite_version()').pluck().get());
  const parts = version.split('.').map(Number);
  for (const [index, least] of MIN_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (part < least) {
      throw new TaskbellError(
        'E_RUNTIME',
        `SQLite ${MIN_SQLITE.join('.')} or newer is needed, found ${version}.`,
        { hint: 'Reinstall better-sqlite3 12.8 or newer: npm install better-sqlite3@12' },
      );
    }
  }
}

/** Four times what a checkpoint usually finds (1,000 pages). */
const MAX_WAL_BYTES = 16 * 1_048_576;

/** Each is set and read back: a pragma that SQLite does not take is ignored without a word. */
const PRAGMAS: readonly (readonly [name: string, value: string | number, inForce: unknown])[] = [
  ['journal_mode', 'WAL', 'wal'],
  // better-sqlite3 compiles WAL with synchronous=NORMAL, which loses commits in a power cut.
  ['synchronous', 'FULL', 2],
  ['busy_timeout', 100, 100],
  ['foreign_keys', 'ON', 1],
  ['trusted_schema', 'OFF', 0],
  ['mmap_size', 0, undefined],
  // What a long reader or a large transaction left behind is cut off again, when the WAL begins anew.
  ['journal_size_limit', MAX_WAL_BYTES, MAX_WAL_BYTES],
];

function configure(db: Database): void {
  for (const [name, value, inForce] of PRAGMAS) {
    db.pragma(`${name} = ${value}`);
    const found: unknown = db.pragma(name, { simple: true });
    // Some builds leave mmap out entirely, and then read nothing back.
    if (inForce === undefined ? found !== 0 && found !== undefined : found !== inForce) {
      throw new TaskbellError(
        'E_RUNTIME',
        `SQLite did not take ${name} = ${value}: it says ${found}.`,
        {
          hint: 'Put the data directory on a local file system.',
        },
      );
    }
  }
}

function migrate(db: Database, file: string, migrations: readonly string[]): void {
  const from = Number(db.pragma('user_version', { simple: true }));
  const to = migrations.length;
  if (from === to) return;
  if (from > 0) backUpBeforeMigration(db, { file, from, to, now: Date.now() });
  const run = db.transaction(() => {
    db.pragma(`application_id = ${APPLICATION_ID}`);
    for (const step of migrations.slice(from)) db.exec(step);
    if (from === 0) giveEpoch(db);
    db.pragma(`user_version = ${to}`);
  });
  run.immediate();
}

/** The epoch names this log: a follower of another one learns that its position means nothing here. */
function giveEpoch(db: Database): void {
  const epoch = randomBytes(5).toString('hex');
  db.prepare("INSERT INTO meta (key, value) VALUES ('epoch', ?)").run(epoch);
}

/** In WAL mode, FULL waits for the disk at each commit, and NORMAL at checkpoints; neither can damage the file. */
const SYNCHRONOUS = { disk: 'FULL', os: 'NORMAL' } as const;

/** BEGIN IMMEDIATE, COMMIT and ROLLBACK, prepared once. */
export function prepareTransaction(db: Database): Transaction {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const touch = db.prepare(
    `INSERT INTO meta (key, value) VALUES ('syncs', '1')
     ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1`,
  );
  let inForce: Durability = 'disk';
  return {
    begin: (durability) => {
      // SQLite takes it only between transactions.
      if (durability !== inForce) {
        db.pragma(`synchronous = ${SYNCHRONOUS[durability]}`);
        inForce = durability;
      }
      begin.run();
    },
    touch: () => void touch.run(),
    commit: () => void commit.run(),
    // After some errors SQLite has rolled back by itself.
    rollback: () => void (db.inTransaction && rollback.run()),
  };
}

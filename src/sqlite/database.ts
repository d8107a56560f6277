/**
 * The one database file: opened, checked, brought to the newest schema.
 *
 * Refuses whatever is not ours before SQLite touches it, and never repairs or overwrites. Only
 * the process that holds the ownership lock (ownership.ts) may call `openDatabase`.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { TaskbellError } from '../protocol/errors.ts';
import type { Transaction } from './commit.ts';
import { MIGRATIONS } from './migrations.ts';

export type Database = SqliteDatabase.Database;

/** "TbL1" in the header's application_id; see https://sqlite.org/fileformat2.html#application_id */
export const APPLICATION_ID = 0x54624c31;

/** Older versions can corrupt a WAL database when a checkpoint races a reset. */
const MIN_SQLITE = [3, 51, 3] as const;

const REMEDY =
  'Nothing was changed. Move the file away and restore a copy, or set [daemon] dataDirectory to another directory.';

export function openDatabase(file: string): Database {
  if (!existsSync(file)) createDatabase(file);
  checkHeader(file);
  return openChecked(file);
}

/** Made under another name and renamed: a crash half-way must not leave a file that is refused. */
function createDatabase(file: string): void {
  const draft = `${file}.new`;
  for (const rest of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(rest, { force: true });
  openChecked(draft).close();
  renameSync(draft, file);
}

function openChecked(file: string): Database {
  const db = connect(file);
  try {
    checkLibrary(db);
    configure(db);
    checkIdentity(db, file);
    migrate(db);
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

/** Looks at the file as bytes, while no connection is open: SQLite takes an empty file for a new database. */
function checkHeader(file: string): void {
  const { header, size } = readHeader(file);
  if (size === 0) throw invalid(file, 'it is empty');
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    throw invalid(file, 'its first bytes are not those of a SQLite database');
  }
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  if (size < header.readUInt32BE(28) * pageSize && !existsSync(`${file}-wal`)) {
    throw invalid(file, `it is cut short (${size} bytes)`);
  }
  const version = header.readUInt32BE(60);
  const application = header.readUInt32BE(68);
  if (application !== APPLICATION_ID && application !== 0) throw foreign(file, application);
  if (application === APPLICATION_ID && version > MIGRATIONS.length) throw newer(file, version);
}

function readHeader(file: string): { header: Buffer; size: number } {
  const header = Buffer.alloc(100);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, 100, 0);
    return { header, size: fstatSync(descriptor).size };
  } finally {
    closeSync(descriptor);
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

/** Each is set and read back: a pragma that SQLite does not take is ignored without a word. */
const PRAGMAS: readonly (readonly [name: string, value: string | number, inForce: unknown])[] = [
  ['journal_mode', 'WAL', 'wal'],
  // better-sqlite3 compiles WAL with synchronous=NORMAL, which loses commits in a power cut.
  ['synchronous', 'FULL', 2],
  ['busy_timeout', 100, 100],
  ['foreign_keys', 'ON', 1],
  ['trusted_schema', 'OFF', 0],
  ['mmap_size', 0, undefined],
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

function checkIdentity(db: Database, file: string): void {
  const application = Number(db.pragma('application_id', { simple: true }));
  const tables = Number(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());
  if (application !== APPLICATION_ID && tables > 0) throw foreign(file, application);
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > MIGRATIONS.length) throw newer(file, version);
}

function migrate(db: Database): void {
  const from = Number(db.pragma('user_version', { simple: true }));
  if (from === MIGRATIONS.length) return;
  const run = db.transaction(() => {
    db.pragma(`application_id = ${APPLICATION_ID}`);
    for (const step of MIGRATIONS.slice(from)) db.exec(step);
    if (from === 0) giveEpoch(db);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  });
  run.immediate();
}

/** The epoch names this log: a follower of another one learns that its position means nothing here. */
function giveEpoch(db: Database): void {
  const epoch = randomBytes(5).toString('hex');
  db.prepare("INSERT INTO meta (key, value) VALUES ('epoch', ?)").run(epoch);
}

function explain(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return invalid(file, 'SQLite cannot read it', error);
  }
  if (code === 'SQLITE_CANTOPEN' || code === 'SQLITE_READONLY') {
    return new TaskbellError(
      'E_CANNOT_CREATE',
      `The database ${file} cannot be opened for writing.`,
      {
        hint: 'Check the owner and the mode of the file and of its directory.',
        cause: error,
      },
    );
  }
  return error;
}

function invalid(file: string, why: string, cause?: unknown): TaskbellError {
  return new TaskbellError(
    'E_DATABASE_INVALID',
    `The file ${file} is no Taskbell database: ${why}.`,
    {
      hint: REMEDY,
      cause,
    },
  );
}

function foreign(file: string, application: number): TaskbellError {
  const id = `0x${application.toString(16)}`;
  return invalid(file, `it belongs to another program (application id ${id})`);
}

function newer(file: string, version: number): TaskbellError {
  return new TaskbellError(
    'E_DATABASE_NEWER',
    `The database ${file} has schema ${version}; this Taskbell knows up to ${MIGRATIONS.length}.`,
    { hint: 'Run the newer Taskbell that made it. The file was not changed.' },
  );
}

/** BEGIN IMMEDIATE, COMMIT and ROLLBACK, prepared once. */
export function prepareTransaction(db: Database): Transaction {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  return {
    begin: () => void begin.run(),
    commit: () => void commit.run(),
    // After some errors SQLite has rolled back by itself.
    rollback: () => void (db.inTransaction && rollback.run()),
  };
}

/**
 * Whether a file is a Taskbell database of a schema that we know, and the errors that say it is not.
 *
 * Only looks: a file that is refused keeps every byte, its -wal included.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { TaskbellError } from '../protocol/errors.ts';
import { MIGRATIONS } from './migrations.ts';

/** "TbL1" in the header's application_id; see https://sqlite.org/fileformat2.html#application_id */
export const APPLICATION_ID = 0x54624c31;

const REMEDY =
  'Nothing was changed. Move the file, its -wal and its -shm away and restore a copy, or set [daemon] dataDirectory to another directory.';

/** Throws unless the file, with what its -wal adds to it, is ours and not newer than we are. */
export function checkFile(file: string): void {
  checkHeader(file);
  if (hasBytes(`${file}-wal`)) checkBehindWal(file);
}

/** A -wal without its file would be played into the next database of that name. */
export function checkNothingLeft(file: string): void {
  if (hasBytes(`${file}-wal`)) throw invalid(file, `it is missing, but its ${file}-wal is there`);
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
  checkNumbers(file, header.readUInt32BE(68), header.readUInt32BE(60));
}

function readHeader(file: string): { header: Buffer; size: number } {
  const header = Buffer.alloc(100);
  try {
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, header, 0, 100, 0);
      return { header, size: fstatSync(descriptor).size };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw explain(error, file);
  }
}

/** Read-only, because closing a connection that may write moves the -wal into the file. */
function checkBehindWal(file: string): void {
  try {
    const db = new SqliteDatabase(file, { readonly: true, timeout: 100 });
    try {
      const read = (name: string) => Number(db.pragma(name, { simple: true }));
      checkNumbers(file, read('application_id'), read('user_version'));
    } finally {
      db.close();
    }
  } catch (error) {
    throw explain(error, file);
  }
}

// Zero is foreign as well: our own files are renamed into place only after they carry the number.
function checkNumbers(file: string, application: number, version: number): void {
  if (application !== APPLICATION_ID) {
    const id = `0x${application.toString(16)}`;
    throw invalid(file, `it belongs to another program (application id ${id})`);
  }
  if (version > MIGRATIONS.length) throw newer(file, version);
}

function hasBytes(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** What the file system or SQLite said about the file, in our words. */
export function explain(error: unknown, file: string): unknown {
  if (error instanceof TaskbellError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT') || code === 'EISDIR') {
    return invalid(file, 'it cannot be read as a database', error);
  }
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE' || code === 'ENOSPC') {
    const hint = 'Free some space and start again.';
    return new TaskbellError('E_DISK_FULL', `The disk that holds ${file} is full.`, {
      hint,
      cause: error,
    });
  }
  if (code.startsWith('SQLITE_IOERR') || code === 'EIO') {
    const hint = 'Check the disk and its file system.';
    return new TaskbellError(
      'E_IO',
      `The database ${file} could not be read or written (${code}).`,
      {
        hint,
        cause: error,
      },
    );
  }
  return isRefused(error, code) ? cannotOpen(file, error) : error;
}

function isRefused(error: unknown, code: string): boolean {
  // better-sqlite3 says that the directory does not exist with a TypeError that has no code.
  return (
    /^(SQLITE_CANTOPEN|SQLITE_READONLY|SQLITE_PERM|E[A-Z]+$)/.test(code) ||
    error instanceof TypeError
  );
}

function cannotOpen(file: string, cause: unknown): TaskbellError {
  return new TaskbellError(
    'E_CANNOT_CREATE',
    `The database ${file} cannot be opened for writing: ${cause instanceof Error ? cause.message : cause}.`,
    { hint: 'Check the owner and the mode of the file and of its directory.', cause },
  );
}

function invalid(file: string, why: string, cause?: unknown): TaskbellError {
  return new TaskbellError(
    'E_DATABASE_INVALID',
    `The file ${file} is no Taskbell database: ${why}.`,
    { hint: REMEDY, cause },
  );
}

function newer(file: string, version: number): TaskbellError {
  return new TaskbellError(
    'E_DATABASE_NEWER',
    `The database ${file} has schema ${version}; this Taskbell knows up to ${MIGRATIONS.length}.`,
    { hint: 'Run the newer Taskbell that made it. The file was not changed.' },
  );
}

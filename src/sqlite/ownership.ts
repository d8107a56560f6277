/**
 * The exclusive lock on a data directory: at most one core is awake on it.
 *
 * A SQLite database of its own in `locking_mode=EXCLUSIVE` holds an operating-system lock for as
 * long as its connection is open. It dies with its process, however that dies, so it never goes stale.
 */
import SqliteDatabase from 'better-sqlite3';
import { TaskbellError } from '../protocol/errors.ts';

export interface Ownership {
  release(): void;
}

/** @returns undefined while another process owns the directory */
export function tryOwn(lockFile: string): Ownership | undefined {
  const db = openLock(lockFile);
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    // The lock is taken by the first write and, in this mode, kept after the commit.
    db.exec('BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS owner (pid INTEGER); DELETE FROM owner');
    db.prepare('INSERT INTO owner (pid) VALUES (?)').run(process.pid);
    db.exec('COMMIT');
    return { release: () => db.close() };
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw cannotLock(lockFile, error);
  }
}

function openLock(lockFile: string): SqliteDatabase.Database {
  try {
    // No waiting: better-sqlite3 would block the event loop meanwhile.
    return new SqliteDatabase(lockFile, { timeout: 0 });
  } catch (error) {
    throw cannotLock(lockFile, error);
  }
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function cannotLock(lockFile: string, cause: unknown): TaskbellError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const garbage = codeOf(cause) === 'SQLITE_NOTADB';
  return new TaskbellError('E_CANNOT_CREATE', `The lock file ${lockFile} cannot be used: ${why}.`, {
    hint: garbage
      ? 'Remove the file: it holds nothing but the lock.'
      : 'Check the owner and the mode of the data directory, and that its file system is local.',
    cause,
  });
}

/**
 * Whether a database file is sound: what SQLite finds, and what contradicts itself. Reads only, through a connection
 * of its own, so that it runs in a process that has not opened the file otherwise.
 */
import SqliteDatabase from 'better-sqlite3';
import type { DatabaseCheck } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { findContradictions, readFacts } from './consistency.ts';
import type { Database } from './database.ts';
import { checkFile, explain } from './file-identity.ts';

const MOST_DAMAGE = 20;
/** A writer at the other end holds locks for moments only. */
const PATIENCE_MS = 5_000;

/** @throws TaskbellError where the file is not ours, or newer than we are */
export function checkDatabase(file: string, full: boolean): DatabaseCheck {
  const startedMono = performance.now();
  checkFile(file);
  return withReader(file, (db) => {
    const damage = findDamage(db, full);
    // Rules of our own would stumble over pages that cannot be read.
    const contradictions = damage.length > 0 ? [] : findContradictions(db);
    return {
      ...{ file, full, damage, contradictions },
      ok: damage.length === 0 && contradictions.length === 0,
      facts: damage.length > 0 ? null : readFacts(db),
      durationMs: Math.round(performance.now() - startedMono),
    };
  });
}

function findDamage(db: Database, full: boolean): readonly string[] {
  const name = full ? 'integrity_check' : 'quick_check';
  try {
    const found = db.pragma(`${name}(${MOST_DAMAGE})`) as readonly Record<string, string>[];
    const lines = found.map((row) => String(Object.values(row)[0]));
    return lines.length === 1 && lines[0] === 'ok' ? [] : lines;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [error.message];
  }
}

function isDamage(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}

/** Read-only: closing a connection that may write could move the -wal into the file. */
export function withReader<T>(file: string, use: (db: Database) => T): T {
  let db: Database | undefined;
  try {
    db = new SqliteDatabase(file, { readonly: true, timeout: PATIENCE_MS });
    return use(db);
  } catch (error) {
    throw explain(error, file);
  } finally {
    db?.close();
  }
}

/** @throws TaskbellError E_DATABASE_INVALID with the first thing that was found */
export function mustBeSound({ file, damage, contradictions }: DatabaseCheck): void {
  const [first] = [...damage, ...contradictions];
  if (first === undefined) return;
  const more = damage.length + contradictions.length - 1;
  throw new TaskbellError(
    'E_DATABASE_INVALID',
    `The database ${file} is damaged: ${first}${more > 0 ? ` (and ${more} more)` : ''}.`,
    {
      hint: 'Take another copy. This one was not changed; `taskbell db check FILE` lists what is wrong.',
    },
  );
}

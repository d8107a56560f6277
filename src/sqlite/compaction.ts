/**
 * Gives the free space inside a database file back to the disk: a verified copy without it takes its place. For a
 * file that nobody has open; the lock is the caller's.
 */
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { CompactionDone } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { bytesOf, copyDatabase, type Tell } from './database-copy.ts';
import { checkFile, explain } from './file-identity.ts';
import { giveToOwnerOf } from './file-owner.ts';
import { syncDirectory } from './synced-files.ts';

export function compact(file: string, tell: Tell): CompactionDone {
  const startedMono = performance.now();
  checkFile(file);
  const before = bytesOf(file) + bytesOf(`${file}-wal`);
  foldWal(file);
  const draft = copyDatabase(file, file, { full: false, tell });
  tell({ phase: 'replacing', draft: null });
  giveToOwnerOf(file, draft.file);
  renameSync(draft.file, file);
  // Empty, left by the readers of the copy.
  for (const rest of [`${file}-wal`, `${file}-shm`]) rmSync(rest, { force: true });
  syncDirectory(path.dirname(file));
  const durationMs = Math.round(performance.now() - startedMono);
  return { file, before, after: bytesOf(file), durationMs };
}

/** What a -wal adds would be played into the file that takes this one's place. */
function foldWal(file: string): void {
  try {
    const db = new SqliteDatabase(file, { timeout: 0 });
    try {
      db.pragma('synchronous = FULL');
      db.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      db.close();
    }
  } catch (error) {
    throw explain(error, file);
  }
  if (bytesOf(`${file}-wal`) === 0) return;
  throw new TaskbellError('E_OWNED', `Another program has the database ${file} open.`, {
    hint: 'End it, and try again. Nothing was changed.',
  });
}

/**
 * A copy of the database as it was, made before its schema changes: DIRECTORY/backups/before-vN-TIME.db.
 *
 * It goes through the connection that is about to migrate, because no file of the database may be opened twice
 * in one process. Refuses to let the migration begin without a copy that is whole and on the disk.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { TaskbellError } from '../protocol/errors.ts';
import type { Database } from './database.ts';
import { draftOf, removeDrafts } from './drafts.ts';
import { syncDirectory, syncFile } from './synced-files.ts';

export interface Migration {
  /** Of the database. */
  readonly file: string;
  readonly from: number;
  readonly to: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

const DIRECTORY_MODE = 0o700;
/** A start that fails again and again must not fill the disk with copies of the same. */
const KEPT_OF_ONE_VERSION = 3;

/**
 * @returns the copy
 * @throws TaskbellError E_IO when it cannot be made
 */
export function backUpBeforeMigration(db: Database, migration: Migration): string {
  const directory = path.join(path.dirname(migration.file), 'backups');
  const place = path.join(directory, nameOf(migration));
  const draft = draftOf(place);
  try {
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    removeDrafts(place);
    db.prepare('VACUUM INTO ?').run(draft);
    verify(draft, migration.from);
    syncFile(draft);
    renameSync(draft, place);
    removeSurplus(directory, migration);
    syncDirectory(directory);
    return place;
  } catch (error) {
    discard(draft);
    throw refusal(directory, migration, error);
  }
}

function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // What kept it from being made keeps it from being removed: the refusal tells of it.
  }
}

/** The oldest of those made before the same migration. */
function removeSurplus(directory: string, { to }: Migration): void {
  const alike = readdirSync(directory).filter((name) =>
    new RegExp(`^before-v${to}-\\d{8}T\\d{6}Z\\.db$`).test(name),
  );
  for (const name of alike.sort().slice(0, -KEPT_OF_ONE_VERSION)) {
    rmSync(path.join(directory, name), { force: true });
  }
}

/** `before-v2-20261122T101500Z.db` */
function nameOf({ to, now }: Migration): string {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `before-v${to}-${time}.db`;
}

function verify(draft: string, version: number): void {
  const copy = new SqliteDatabase(draft, { readonly: true });
  try {
    const verdict = copy.pragma('quick_check', { simple: true });
    const found = copy.pragma('user_version', { simple: true });
    if (verdict === 'ok' && found === version) return;
    throw new Error(`the copy says ${verdict}, and version ${found} in place of ${version}`);
  } finally {
    copy.close();
  }
}

function refusal(directory: string, { from, to }: Migration, cause: unknown): TaskbellError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TaskbellError(
    'E_IO',
    `The database is to be brought from version ${from} to ${to}, but no copy of it can be made in ${directory}: ${reason}.`,
    {
      hint: 'Nothing was changed. Free as much space as the database takes, let the user of the service write there, and start again.',
      cause,
    },
  );
}

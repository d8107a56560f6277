/**
 * Puts a copy in the place of the database: verified first, the present one kept aside, and safe against an end at any
 * moment. For a file that nobody has open; the lock is the caller's.
 *
 *   copy verified ─▶ draft, of a new epoch ─▶ mark ─▶ present one aside ─▶ draft in its place ─▶ mark gone
 *
 * While the mark is there no daemon opens the database (database.ts), and a restore begins anew.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { RestoreDone } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { type HighMarks, highMarks, readFacts } from './consistency.ts';
import type { Database } from './database.ts';
import { checkDatabase, mustBeSound, withReader } from './database-check.ts';
import { bytesOf, copyDatabase, type Tell } from './database-copy.ts';
import { checkFile } from './file-identity.ts';
import { giveToOwnerOf } from './file-owner.ts';
import { restoreMark } from './restore-mark.ts';
import { syncDirectory, syncFile } from './synced-files.ts';

export interface RestoreTask {
  readonly source: string;
  readonly file: string;
  /** Epoch milliseconds: names the place of what was there before. */
  readonly now: number;
}

export function restore({ source, file, now }: RestoreTask, tell: Tell): RestoreDone {
  const startedMono = performance.now();
  refuseSame(source, file);
  checkFile(source);
  tell({ phase: 'checking', draft: null });
  mustBeSound(checkDatabase(source, true));
  const draft = copyDatabase(source, file, { full: false, tell });
  tell({ phase: 'replacing', draft: null });
  begin(draft.file, presentMarks(file));
  giveToOwnerOf(file, draft.file);
  const facts = withReader(draft.file, readFacts);
  const aside = replace(file, draft.file, now);
  const durationMs = Math.round(performance.now() - startedMono);
  return { file, aside, facts, durationMs };
}

function refuseSame(source: string, file: string): void {
  if (source !== file) return;
  throw new TaskbellError('E_USAGE', `${source} is the database itself.`, {
    hint: 'Name a copy that `taskbell db backup` made.',
  });
}

/** Where a restore was broken off, the one that was present may have been moved already. */
function presentMarks(file: string): HighMarks | null {
  const moved = existsSync(restoreMark(file)) ? newestAside(file) : undefined;
  return (
    marksOf(file) ?? (moved === undefined ? null : marksOf(path.join(moved, path.basename(file))))
  );
}

/** What the present one has given out; null: there is none, or it cannot be read any more. */
function marksOf(file: string): HighMarks | null {
  if (!existsSync(file)) return null;
  try {
    checkFile(file);
    return withReader(file, highMarks);
  } catch {
    // That it is broken is what it is replaced for: the leap alone has to do.
    return null;
  }
}

/** Beyond what is known to have been given: what was said of these numbers must not mean others. */
const SEQ_LEAP = 1_000_000;
const ID_LEAP = 100_000;

/** The log goes on as another log: followers of what is lost are told that their position means nothing here. */
function begin(draft: string, present: HighMarks | null): void {
  const db = new SqliteDatabase(draft, { timeout: 0 });
  try {
    db.pragma('synchronous = FULL');
    db.transaction(() => startAnew(db, present)).immediate();
  } finally {
    db.close();
  }
  syncFile(draft);
}

function startAnew(db: Database, present: HighMarks | null): void {
  const set = db.prepare(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  const copied = highMarks(db);
  const top = Math.max(copied.top, present?.top ?? 0) + SEQ_LEAP;
  const jobId = Math.max(copied.jobId, present?.jobId ?? 0) + ID_LEAP;
  set.run('epoch', randomBytes(5).toString('hex'));
  set.run('log_top', String(top));
  // It has no unique name: an upsert would find no conflict.
  db.exec("DELETE FROM sqlite_sequence WHERE name = 'jobs'");
  db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('jobs', ?)").run(jobId);
}

/** @returns where the present one went; null: there was none */
function replace(file: string, draft: string, now: number): string | null {
  const directory = path.dirname(file);
  const mark = restoreMark(file);
  const isResumed = existsSync(mark);
  closeSync(openSync(mark, 'w', 0o600));
  syncDirectory(directory);
  const aside = moveAside(file, now, isResumed);
  renameSync(draft, file);
  syncDirectory(directory);
  rmSync(mark);
  syncDirectory(directory);
  return aside;
}

function moveAside(file: string, now: number, isResumed: boolean): string | null {
  const there = [file, `${file}-wal`].filter((name) => existsSync(name));
  // Says nothing without the others, and is made anew.
  rmSync(`${file}-shm`, { force: true });
  const begun = isResumed ? begunAside(file, there) : undefined;
  if (begun === undefined && there.length === 0) return null;
  const aside = begun ?? freshDirectory(`${asidePrefix(file)}${stampOf(now)}`);
  for (const name of there) renameSync(name, path.join(aside, path.basename(name)));
  rmSync(path.join(aside, `${path.basename(file)}-shm`), { force: true });
  syncDirectory(aside);
  return aside;
}

/** Where a restore that was broken off has put some of it: a database and its -wal belong together. */
function begunAside(file: string, there: readonly string[]): string | undefined {
  const newest = newestAside(file);
  if (newest === undefined) return undefined;
  // An empty -wal is what looking at it has left.
  const isWhole = there.some((name) => bytesOf(path.join(newest, path.basename(name))) > 0);
  return isWhole ? undefined : newest;
}

function newestAside(file: string): string | undefined {
  const directory = path.dirname(file);
  return readdirSync(directory)
    .map((name) => path.join(directory, name))
    .filter((name) => name.startsWith(asidePrefix(file)))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    .at(-1);
}

function asidePrefix(file: string): string {
  return path.join(path.dirname(file), 'before-restore-');
}

function stampOf(now: number): string {
  return new Date(now)
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
}

function freshDirectory(wanted: string): string {
  let name = wanted;
  for (let n = 2; existsSync(name); n += 1) name = `${wanted}-${n}`;
  mkdirSync(name, { mode: 0o700 });
  giveToOwnerOf(path.dirname(name), name);
  return name;
}

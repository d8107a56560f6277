/**
 * A copy of a database under a temporary name beside its place: made in one read transaction by VACUUM INTO, so that
 * whoever writes goes on, verified and brought to the disk. Whoever asked gives it its name.
 *
 * A copy that was not finished is named `NAME.PID.partial` and is removed by the next one.
 */
import { existsSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseFacts, DatabaseStep } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { type HighMarks, highMarks } from './consistency.ts';
import type { Database } from './database.ts';
import { checkDatabase, mustBeSound, withReader } from './database-check.ts';
import { checkFile, explain } from './file-identity.ts';
import { syncFile } from './synced-files.ts';

export type Tell = (step: DatabaseStep) => void;

export interface Draft {
  readonly file: string;
  readonly facts: DatabaseFacts;
}

/**
 * @param place the name that the copy will get
 * @param full compares indexes with tables as well
 * @throws TaskbellError where the source is not ours, there is no space, or the copy does not hold what it should
 */
export function copyDatabase(
  source: string,
  place: string,
  { full, tell }: { readonly full: boolean; readonly tell: Tell },
): Draft {
  checkFile(source);
  removeDrafts(place);
  const draft = `${place}.${process.pid}.partial`;
  try {
    const marks = withReader(source, (db) => copyInto(db, draft, tell));
    tell({ phase: 'verifying', draft: null });
    const facts = verify(draft, marks, full);
    tell({ phase: 'syncing', draft: null });
    syncFile(draft);
    return { file: draft, facts };
  } catch (error) {
    rmSync(draft, { force: true });
    throw explain(error, draft);
  }
}

function copyInto(db: Database, draft: string, tell: Tell): HighMarks {
  const pragma = (name: string) => Number(db.pragma(name, { simple: true }));
  const bytes = (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  checkSpace(draft, bytes);
  const marks = highMarks(db);
  tell({ phase: 'copying', draft: { file: draft, bytes } });
  db.prepare('VACUUM INTO ?').run(draft);
  return marks;
}

function verify(draft: string, marks: HighMarks, full: boolean): DatabaseFacts {
  const check = checkDatabase(draft, full);
  mustBeSound(check);
  const { top, jobId } = withReader(draft, highMarks);
  if (check.facts === null || top < marks.top || jobId < marks.jobId) {
    throw new TaskbellError('E_IO', `The copy ${draft} lacks rows of its source.`, {
      hint: 'Try again; look at the disk if it happens once more.',
    });
  }
  return check.facts;
}

/** Left for everything else that writes there meanwhile: a copy must not be what fills the disk. */
const MARGIN = 1.1;

function checkSpace(draft: string, bytes: number): void {
  const directory = path.dirname(draft);
  const { bavail, bsize, blocks } = statfsSync(directory);
  const free = bavail * bsize;
  // Some file systems tell nothing of their size.
  if (blocks === 0 || free >= bytes * MARGIN) return;
  throw new TaskbellError(
    'E_DISK_FULL',
    `${directory} has ${free} bytes free; the copy needs about ${Math.ceil(bytes * MARGIN)}.`,
    { hint: 'Free some space there, or choose another directory.' },
  );
}

/** Of processes that were ended half-way. One whose process lives is somebody's work. */
function removeDrafts(place: string): void {
  const directory = path.dirname(place);
  if (!existsSync(directory)) throw noDirectory(directory);
  for (const name of readdirSync(directory)) {
    const pid = draftPid(name);
    if (pid === undefined || isRunning(pid)) continue;
    rmSync(path.join(directory, name), { force: true });
  }
}

/** Of `NAME.db.PID.partial`, and of its journal. */
function draftPid(name: string): number | undefined {
  const pid = /\.(\d+)\.partial(-journal|-wal|-shm)?$/.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function noDirectory(directory: string): TaskbellError {
  return new TaskbellError('E_CANNOT_CREATE', `There is no directory ${directory}.`, {
    hint: 'Make it, for the user who runs the daemon, and try again.',
  });
}

export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

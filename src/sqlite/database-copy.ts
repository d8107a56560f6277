/**
 * A copy of a database under a temporary name beside its place: made in one read transaction by VACUUM INTO, so that
 * whoever writes goes on, verified and brought to the disk. Whoever asked gives it its name.
 *
 * A copy that was not finished is removed by the next one.
 */
import { rmSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseFacts, DatabaseStep } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { type HighMarks, highMarks } from './consistency.ts';
import type { Database } from './database.ts';
import { checkDatabase, mustBeSound, withReader } from './database-check.ts';
import { draftOf, removeDrafts } from './drafts.ts';
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
  const draft = draftOf(place);
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

export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

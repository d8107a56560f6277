/** One verified copy of a database under a name of its own. Never overwrites, and leaves no half file under the name. */
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { BackupDone } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { copyDatabase, type Tell } from './database-copy.ts';
import { syncDirectory } from './synced-files.ts';

export interface BackupTask {
  readonly source: string;
  readonly target: string;
}

export function backUp({ source, target }: BackupTask, tell: Tell): BackupDone {
  const startedMono = performance.now();
  refuseBeside(source, target);
  refuseExisting(target);
  const draft = copyDatabase(source, target, { full: true, tell });
  // Once more: it took a while.
  refuseExisting(target);
  renameSync(draft.file, target);
  syncDirectory(path.dirname(target));
  const durationMs = Math.round(performance.now() - startedMono);
  return { file: target, facts: draft.facts, durationMs };
}

/** SQLite, or a start, would take it for a part of the database. */
function refuseBeside(source: string, target: string): void {
  if (target === source || !target.startsWith(source)) return;
  if (path.dirname(target) !== path.dirname(source)) return;
  throw new TaskbellError(
    'E_CANNOT_CREATE',
    `The name ${target} belongs to the database ${path.basename(source)} beside it.`,
    { hint: 'Choose another name, or another directory.' },
  );
}

function refuseExisting(target: string): void {
  if (!existsSync(target)) return;
  throw new TaskbellError('E_CANNOT_CREATE', `The file ${target} is there already.`, {
    hint: 'Choose another name, or move the file away.',
  });
}

/**
 * The process that works on a database file beside the core: one task, told over the channel of its parent, and out.
 *
 * A process of its own because a descriptor that is closed in the core's would drop SQLite's locks, and because
 * such work is one long statement. It never writes to a database that somebody else owns, and loads no user code.
 */
import { existsSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import path from 'node:path';
import type {
  DatabaseResults,
  DatabaseStep,
  DatabaseTask,
  FromDatabaseProcess,
} from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { backUp } from './backup.ts';
import { compact } from './compaction.ts';
import { checkDatabase } from './database-check.ts';
import { explain } from './file-identity.ts';
import { tryOwn } from './ownership.ts';
import { restore } from './restore.ts';

/** Jobs and their ends go first. */
const NICENESS = 10;

function perform(task: DatabaseTask): DatabaseResults[DatabaseTask['kind']] {
  const tell = (step: DatabaseStep) => say({ kind: 'step', step });
  switch (task.kind) {
    case 'backup':
      return backUp(task, tell);
    case 'check':
      tell({ phase: 'checking', draft: null });
      return checkDatabase(task.file, task.full);
    case 'restore':
      return restore({ ...task, now: Date.now() }, tell);
    case 'compact':
      return compact(task.file, tell);
  }
}

function owning(task: DatabaseTask): DatabaseResults[DatabaseTask['kind']] {
  mustExist(task.kind === 'backup' || task.kind === 'restore' ? task.source : task.file);
  if (task.lockFile === null) return perform(task);
  const ownership = tryOwn(task.lockFile);
  if (ownership === undefined) {
    throw new TaskbellError(
      'E_OWNED',
      `A daemon owns the data directory ${path.dirname(task.lockFile)}.`,
      {
        hint: 'Stop it first: the database is changed only while nobody works with it.',
      },
    );
  }
  try {
    return perform(task);
  } finally {
    ownership.release();
  }
}

/** Asked before the lock is made: where there is no database, there is nobody to keep away. */
function mustExist(file: string): void {
  if (existsSync(file)) return;
  throw new TaskbellError('E_INPUT_FILE', `There is no database ${file}.`, {
    hint: 'Name another file, or the right service with --config or --data-directory.',
  });
}

function answer(task: DatabaseTask): FromDatabaseProcess {
  try {
    return { kind: 'done', result: owning(task) };
  } catch (error) {
    const told = explain(error, 'file' in task ? task.file : task.target);
    if (told instanceof TaskbellError) {
      const { code, message, hint = null } = told;
      return { kind: 'failed', code, message, hint };
    }
    const message = told instanceof Error ? told.message : String(told);
    return { kind: 'failed', code: 'E_INTERNAL', message, hint: null };
  }
}

function say(message: FromDatabaseProcess, sent: () => void = () => undefined): void {
  if (process.send === undefined) sent();
  else process.send(message, undefined, undefined, sent);
}

process.once('message', (task: DatabaseTask) => {
  process.umask(0o077);
  // Only downwards: where the service was set below that, going up is refused.
  if (getPriority() < NICENESS) setPriority(NICENESS);
  // Exit only when the pipe has it all: an exit right after `send` can lose it.
  say(answer(task), () => process.disconnect());
});
// The parent is gone: nobody waits for what comes out.
process.once('disconnect', () => process.exit());

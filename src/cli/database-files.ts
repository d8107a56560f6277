/** Work on the database of a service that does not run, and the progress of it. */
import path from 'node:path';
import type { DatabaseProgress, DatabaseResults, DatabaseTask } from '../protocol/database.ts';
import { DATABASE_FILE, LOCK_FILE } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { CliContext } from './cli-context.ts';
import { withProgress } from './progress.ts';

export interface DatabasePlaces {
  readonly file: string;
  readonly lockFile: string;
}

export async function databasePlaces(ctx: CliContext): Promise<DatabasePlaces> {
  const { dataDirectory } = (await ctx.settings()).daemon;
  return {
    file: path.join(dataDirectory, DATABASE_FILE),
    lockFile: path.join(dataDirectory, LOCK_FILE),
  };
}

type OnProgress = (progress: DatabaseProgress) => void;

/** In a process of its own, which takes the lock of the data directory where the task says so. */
export async function runOffline<T extends DatabaseTask>(
  ctx: CliContext,
  task: T,
): Promise<DatabaseResults[T['kind']]> {
  const { runDatabaseTask } = await import('../process/database-process.ts');
  return shown(ctx, (onProgress) => runDatabaseTask(task, { signal: ctx.signal, onProgress }));
}

/** With a line that says how far it is. */
export function shown<T>(
  ctx: CliContext,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const goesOn = () => 'nothing was changed';
  return withProgress(ctx, { label: 'database', goesOn }, (line) =>
    work(({ phase, share }) => line.show({ text: phase, ...(share === null ? {} : { share }) })),
  );
}

/** What the daemon does where one runs, and else what is done in its place. */
export async function orOffline<T>(
  online: () => Promise<T>,
  offline: () => Promise<T>,
): Promise<T> {
  try {
    return await online();
  } catch (error) {
    const isAway = error instanceof TaskbellError && error.code === 'E_DAEMON_UNREACHABLE';
    if (!isAway) throw error;
    return offline();
  }
}

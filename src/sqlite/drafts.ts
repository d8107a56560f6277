/**
 * The names of copies that are not finished, `NAME.PID.partial`, and the removal of those whose process is gone.
 * Knows nothing of what is in them; files of others in the same directory are none of ours, whatever they are called.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TaskbellError } from '../protocol/errors.ts';

/** Backups and copies from before a migration have a time in their names: one that was killed had another name. */
const DATED = /^(taskbell|before-v\d+)-\d{8}T\d{6}Z\.db$/;

/** @param place the name that the copy will get */
export function draftOf(place: string): string {
  return `${place}.${process.pid}.partial`;
}

/** Of processes that were ended half-way. One whose process lives is somebody's work. */
export function removeDrafts(place: string): void {
  const directory = path.dirname(place);
  if (!existsSync(directory)) throw noDirectory(directory);
  for (const name of readdirSync(directory)) {
    const draft = parse(name);
    if (draft === undefined || isRunning(draft.pid)) continue;
    if (draft.of !== path.basename(place) && !DATED.test(draft.of)) continue;
    rmSync(path.join(directory, name), { force: true });
  }
}

/** Of `NAME.PID.partial`, and of its journal. */
function parse(name: string): { readonly of: string; readonly pid: number } | undefined {
  const [, of, pid] = /^(.+)\.(\d+)\.partial(?:-journal|-wal|-shm)?$/.exec(name) ?? [];
  return of === undefined ? undefined : { of, pid: Number(pid) };
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

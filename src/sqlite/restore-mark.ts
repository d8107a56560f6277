/** The file that stands beside a database while it is being replaced: nobody may open what is there meanwhile. */
import { existsSync } from 'node:fs';
import { TaskbellError } from '../protocol/errors.ts';

export function restoreMark(file: string): string {
  return `${file}.restoring`;
}

export function refuseHalfRestored(file: string): void {
  if (!existsSync(restoreMark(file))) return;
  throw new TaskbellError(
    'E_DATABASE_INVALID',
    `The database ${file} was being restored when that was broken off.`,
    {
      hint: 'Run `taskbell db restore FILE` once more. What was there before is in the newest before-restore-… beside it.',
    },
  );
}

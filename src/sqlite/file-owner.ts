/** Whose a new file is that takes the place of another, where root makes it for the user of a service. */
import { chownSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Without it, a service whose database root has restored or compacted could not open it any more. Does nothing for
 * any other user, who can only make files of their own.
 *
 * @param place what is to be replaced, or where nothing is, what will be there
 */
export function giveToOwnerOf(place: string, file: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(place, { throwIfNoEntry: false }) ?? statSync(path.dirname(place));
  chownSync(file, uid, gid);
}

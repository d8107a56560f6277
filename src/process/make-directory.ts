/**
 * Makes a directory with those above it, or says why it cannot.
 *
 * In place of `mkdirSync(path, { recursive: true })`, which goes round for ever where the system
 * answers ENOENT although the parent exists, as below /proc (seen with Node 20).
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @throws the system's error */
export function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    const parent = dirname(path);
    const mayMake = (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync(parent);
    if (!mayMake) throw error;
    makeDirectory(parent, mode);
    makeDirectory(path, mode);
  }
}

/** Brings files and names to the disk: what was only renamed or written may be gone after a power cut. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Not for a database file that this process has open: closing a descriptor drops SQLite's locks. */
export function syncFile(file: string): void {
  sync(file, 'r+');
}

/** Names in a directory, such as after a rename. */
export function syncDirectory(directory: string): void {
  sync(directory, 'r');
}

function sync(path: string, flags: string): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

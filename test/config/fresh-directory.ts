/** A directory for one test, gone when the test is over; and files in it. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export function freshDirectory(): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), 'taskbell-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** @returns the absolute path */
export function writeIn(directory: string, name: string, content: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode });
  return path;
}

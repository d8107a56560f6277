/**
 * Builds dist/ once before the tests if any source is newer, because the tests that start real
 * processes run the built program. Judges no types: a type error is printed and the tests go on,
 * since `npm test` and `npm run check` have refused it already.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

export function setup(): void {
  const builtAt = modifiedAt(path.join(root, 'dist', 'main.js'));
  const newest = Math.max(
    newestIn(path.join(root, 'src')),
    modifiedAt(path.join(root, 'tsconfig.json')),
    modifiedAt(path.join(root, 'tsconfig.build.json')),
  );
  if (newest > builtAt) build();
}

function build(): void {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout, error } = spawnSync(
    process.execPath,
    [tsc, '-p', 'tsconfig.build.json'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (error) throw error;
  if (status !== 0) console.warn(`dist/ was built in spite of type errors:\n${stdout}`);
}

/** Milliseconds since the epoch; 0 for what does not exist, so that it counts as older than anything. */
function modifiedAt(file: string): number {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function newestIn(directory: string): number {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map((entry) => modifiedAt(path.join(entry.parentPath, entry.name))));
}

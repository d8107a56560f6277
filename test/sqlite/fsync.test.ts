/** How often a commit waits for the disk, counted by the kernel's own book-keeping where strace may look. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/sqlite/database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const CHILD = fileURLToPath(new URL('./committing-child.mjs', import.meta.url));
const TRACE = ['-f', '-qq', '-e', 'trace=fsync,fdatasync', '-o'];

function mayTrace(): boolean {
  return spawnSync('strace', [...TRACE, '/dev/null', 'true']).status === 0;
}

/** Waits for the disk of a process that makes these commits, beside those of its start. */
function waitsOf(durabilities: readonly string[]): number {
  const count = (wanted: readonly string[]) => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'taskbell.db');
    // Made before, so that only the commits differ.
    openDatabase(file).close();
    const trace = path.join(directory, 'trace');
    spawnSync('strace', [...TRACE, trace, process.execPath, CHILD, file, ...wanted]);
    return readFileSync(trace, 'utf8').match(/\bf(data)?sync\(/g)?.length ?? 0;
  };
  // The first commit of a file's log waits for its header too.
  return count(['disk', ...durabilities]) - count(['disk']);
}

it.skipIf(!mayTrace())(
  'a commit waits for the disk once, and one for os not at all (needs strace)',
  () => {
    const disk = waitsOf(Array(10).fill('disk'));
    const os = waitsOf(Array(10).fill('os'));
    const mixed = waitsOf(['os', 'os', 'disk', 'os', 'disk']);
    expect({ disk, os, mixed }).toEqual({ disk: 10, os: 0, mixed: 2 });
  },
  60_000,
);

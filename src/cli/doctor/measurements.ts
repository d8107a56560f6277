/**
 * Measures this machine for `doctor`: modes, disk, clock, the native module. Judges nothing.
 *
 * Writes one file of its own into the data directory and removes it; touches none of the database's files.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ClockReading, SyncTimes } from './machine-judgements.ts';

/** Null: it is not there, or may not be looked at. */
export function modeOf(file: string): number | null {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    return found === undefined ? null : found.mode & 0o777;
  } catch {
    // Below a directory that is not ours: then nobody else reads it through it either.
    return null;
  }
}

/** The directory itself, or the nearest one above it that is there. */
export function existingAt(directory: string): string {
  const parent = path.dirname(directory);
  return existsSync(directory) || parent === directory ? directory : existingAt(parent);
}

export interface FileSystemReading {
  readonly type: number | null;
  readonly freeBytes: number | null;
}

export function readFileSystem(directory: string): FileSystemReading {
  try {
    const { type, bavail, bsize } = statfsSync(directory);
    return { type, freeBytes: bavail * bsize };
  } catch {
    // A file system that does not tell.
    return { type: null, freeBytes: null };
  }
}

/** One page of the database. */
const PAGE = Buffer.alloc(4_096, 0x5a);

/** @throws what the system says when the file cannot be written or brought to the disk */
export function measureSync(directory: string, times = 50): SyncTimes {
  // Not by the pid: in a container it is the same each time, and one that was killed here left its file.
  const file = path.join(directory, `.doctor-${randomUUID()}`);
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    const tookMs = Array.from({ length: times }, (_, n) => {
      const startedMono = performance.now();
      writeSync(descriptor, PAGE, 0, PAGE.length, n * PAGE.length);
      fsyncSync(descriptor);
      return performance.now() - startedMono;
    }).sort((a, b) => a - b);
    const at = (share: number) => tookMs[Math.min(times - 1, Math.floor(times * share))] ?? 0;
    return { p50Ms: at(0.5), p99Ms: at(0.99) };
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
}

/** @returns call it at the end of a stretch in which both clocks went on */
export function watchClock(now: () => number): () => ClockReading {
  const wallMs = now();
  const mono = performance.now();
  return () => ({
    wallMs: now(),
    stepMs: now() - wallMs - (performance.now() - mono),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone || null,
  });
}

export interface SqliteReading {
  readonly version: string | null;
  readonly problem: string | null;
}

const PROBE = `const Database = require(process.argv[1]);
const db = new Database(':memory:');
process.stdout.write(String(db.prepare('SELECT sqlite_version()').pluck().get()));`;

/** In a process of its own: a native module that was built for another Node can end the one that loads it. */
export async function probeSqlite(): Promise<SqliteReading> {
  try {
    const module = createRequire(import.meta.url).resolve('better-sqlite3');
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['-e', PROBE, module], { timeout: 20_000 });
    return { version: stdout, problem: null };
  } catch (error) {
    const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
    const said = /^\w*Error: .*$/m.exec(stderr ?? '')?.[0];
    return { version: null, problem: said ?? message.split('\n', 1)[0] ?? 'no reason given' };
  }
}

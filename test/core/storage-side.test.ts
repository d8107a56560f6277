/** What the core does beside its database, with a copying process that the test plays. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { RESERVE_FILE } from '../../src/core/disk-guard.ts';
import { StorageSide } from '../../src/core/storage-side.ts';
import type { RunDatabaseTask } from '../../src/process/database-process.ts';
import type { DatabaseTask } from '../../src/protocol/database.ts';
import { temporaryDirectory } from '../sqlite/temporary-directory.ts';

const NOW = Date.UTC(2026, 10, 22, 9, 33, 16);
const FULL = { code: 'SQLITE_FULL' };
const WAIT = { timeout: 20_000 };

type Run = (task: DatabaseTask, signal: AbortSignal) => Promise<unknown>;

function stand(run: Run, keep = 2, diskReserve = 0) {
  const dataDirectory = temporaryDirectory();
  const backups = path.join(dataDirectory, 'backups');
  const said: string[] = [];
  const settings = {
    daemon: { dataDirectory, diskReserve },
    backup: { directory: null, every: 3_600_000, schedule: null, timezone: 'UTC', keep },
  } as unknown as ConstructorParameters<typeof StorageSide>[0]['settings'];
  const storage = new StorageSide({
    ...{ settings, now: () => NOW, onFree: () => undefined, onFatal: () => undefined },
    log: pino({ level: 'warn' }, { write: (line) => void said.push(JSON.parse(line).msg) }),
    run: ((task, { signal } = {}) =>
      run(task, signal ?? new AbortController().signal)) as RunDatabaseTask,
  });
  mkdirSync(backups);
  onTestFinished(() => storage.stop());
  return { storage, said, dataDirectory, backups, names: () => readdirSync(backups).sort() };
}

/** Makes the file and nothing in it. */
const copy: Run = async (task) => {
  if (task.kind === 'backup') writeFileSync(task.target, '');
  return { file: task.kind === 'backup' ? task.target : '', facts: { bytes: 0 }, durationMs: 1 };
};

it('the next backup comes in time, although earlier ones were named while the clock was wrong', async () => {
  const { storage, backups, names } = stand(copy);
  const future = ['taskbell-30000101T000000Z.db', 'taskbell-30000102T000000Z.db'];
  for (const name of future) writeFileSync(path.join(backups, name), '');
  await storage.start();
  // An hour from now at the latest, not in a thousand years.
  expect(storage.view().backup.nextAt).toBe(new Date(NOW + 3_600_000).toISOString());
  await storage.stop();
  expect(names()).toEqual(future);
});

it('the one that was just made stays, although others have later names', async () => {
  const later = 'taskbell-30000101T000000Z.db';
  const { storage, backups, names } = stand(async (task, signal) => {
    writeFileSync(path.join(backups, later), '');
    return copy(task, signal);
  }, 1);
  await storage.start();
  await expect.poll(() => storage.view().backup.last, WAIT).not.toBeNull();
  await storage.stop();
  expect(names()).toEqual(['taskbell-20261122T093316Z.db', later]);
});

it('a backup that the stop breaks off has not failed', async () => {
  let began = false;
  const { storage, said } = stand(
    (_task, signal) =>
      new Promise((_resolve, reject) => {
        began = true;
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  await storage.start();
  await expect.poll(() => began, WAIT).toBe(true);
  await storage.stop();
  expect(said).toEqual([]);
  expect(storage.view().backup.error).toBeNull();
});

it('what a start writes is written in the space that is held back, where the disk is full', () => {
  const { storage, dataDirectory } = stand(copy, 2, 4_096);
  writeFileSync(path.join(dataDirectory, RESERVE_FILE), Buffer.alloc(4_096, 1));
  let tries = 0;
  const work = () => {
    tries += 1;
    if (tries === 1) throw Object.assign(new Error('database or disk is full'), FULL);
    return 'written';
  };
  expect(storage.begin(work)).toBe('written');
  expect(tries).toBe(2);
  expect(storage.guard.isFull).toBe(true);
});

it('a start that finds no space at all says so in our words', () => {
  const { storage } = stand(copy);
  const work = () => {
    throw Object.assign(new Error('database or disk is full'), FULL);
  };
  expect(() => storage.begin(work)).toThrow(expect.objectContaining({ code: 'E_DISK_FULL' }));
});

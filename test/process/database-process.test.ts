/** The real process that works on a database, ended at any moment. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { runDatabaseTask } from '../../src/process/database-process.ts';
import type { DatabaseProgress, DatabaseTask } from '../../src/protocol/database.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { checkDatabase } from '../../src/sqlite/database-check.ts';
import { tryOwn } from '../../src/sqlite/ownership.ts';
import { filledDatabase } from '../sqlite/filled-database.ts';
import { temporaryDirectory } from '../sqlite/temporary-directory.ts';

vi.setConfig({ testTimeout: 120_000 });

const entry = path.resolve(import.meta.dirname, '../../dist/sqlite/database-process.js');

function run<T extends DatabaseTask>(task: T, more: { signal?: AbortSignal } = {}) {
  return runDatabaseTask(task, { entry, ...more });
}

it('copies a database that this process goes on writing to', async () => {
  const { file } = await filledDatabase(5);
  const db = openDatabase(file);
  const insert = db.prepare('INSERT OR REPLACE INTO cursors (name, position) VALUES (?, 1)');
  let commits = 0;
  const writing = setInterval(() => {
    commits += 1;
    insert.run(`client:${commits}`);
  }, 1);
  const target = path.join(temporaryDirectory(), 'copy.db');
  const done = await run({ kind: 'backup', source: file, target, lockFile: null });
  clearInterval(writing);
  // The connection is as good as before: no lock was lost, nothing is damaged.
  insert.run('client:last');
  db.close();
  expect(commits).toBeGreaterThan(0);
  expect(done).toMatchObject({ file: target, facts: { endedJobs: 5, unfinishedJobs: 1 } });
  expect(checkDatabase(target, true).ok).toBe(true);
  expect(checkDatabase(file, true).ok).toBe(true);
});

it('killed half-way, leaves no file under the name, and the next one leaves nothing of it', async () => {
  const { file } = await filledDatabase(5);
  const db = openDatabase(file);
  db.exec(`WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 5000)
    INSERT INTO job_logs SELECT 1, value, 1, 1, 'info', hex(randomblob(2000)) FROM n`);
  db.close();
  const directory = temporaryDirectory();
  let killed = 0;
  for (let n = 0; n < 20 && killed < 2; n += 1) {
    const target = path.join(directory, `copy-${n}.db`);
    const ending = new AbortController();
    const reason = new Error('enough');
    const seen: DatabaseProgress['phase'][] = [];
    const done = runDatabaseTask(
      { kind: 'backup', source: file, target, lockFile: null },
      {
        ...{ entry, signal: ending.signal },
        onProgress: ({ phase }) => {
          seen.push(phase);
          if (phase === 'copying' || n % 2 === 1) ending.abort(reason);
        },
      },
    );
    const ended = await done.then(
      () => 'whole',
      (error: unknown) => error,
    );
    // A slow parent may come too late: then it is whole.
    if (ended === reason) killed += 1;
    expect([reason, 'whole']).toContain(ended);
    expect(existsSync(target)).toBe(ended === 'whole');
    expect(readdirSync(directory).filter((name) => name.includes('.partial'))).toEqual([]);
  }
  expect(killed).toBe(2);
});

it('refuses to change what somebody owns, and says where there is nothing', async () => {
  const { file } = await filledDatabase(1);
  const lockFile = path.join(path.dirname(file), 'owner.lock');
  const ownership = tryOwn(lockFile);
  await expect(run({ kind: 'compact', file, lockFile })).rejects.toMatchObject({ code: 'E_OWNED' });
  ownership?.release();
  await expect(run({ kind: 'compact', file, lockFile })).resolves.toMatchObject({ file });
  const nothing = { kind: 'check', file: `${file}x`, full: false, lockFile: null } as const;
  await expect(run(nothing)).rejects.toMatchObject({ code: 'E_INPUT_FILE' });
});

it('says that it died, where it did', async () => {
  const task = { kind: 'check', file: '/x', full: false, lockFile: null } as const;
  const gone = path.join(temporaryDirectory(), 'nothing.js');
  await expect(runDatabaseTask(task, { entry: gone })).rejects.toMatchObject({ code: 'E_IO' });
});

const replacing = path.resolve(import.meta.dirname, 'fixtures/replacing-process.mjs');

it('is left to its end where it replaces the database already, and says what became of it', async () => {
  const file = path.join(temporaryDirectory(), 'lives');
  const ending = new AbortController();
  const onProgress = () => {
    ending.abort(new Error('enough'));
    writeFileSync(`${file}.go`, '');
  };
  const task = { kind: 'compact', file, lockFile: file } as const;
  const options = { entry: replacing, signal: ending.signal, onProgress };
  await expect(runDatabaseTask(task, options)).resolves.toBe('replaced');
});

it('that died while it replaced the database does not say that nothing was changed', async () => {
  const file = path.join(temporaryDirectory(), 'dies');
  const task = { kind: 'compact', file, lockFile: file } as const;
  await expect(runDatabaseTask(task, { entry: replacing })).rejects.toMatchObject({
    code: 'E_IO',
    hint: expect.stringContaining('once more'),
  });
});

/** Each rule can fail: a sound database is made to contradict itself, one way at a time. */
import { readFileSync, writeFileSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { expect, it } from 'vitest';
import { checkDatabase, mustBeSound } from '../../src/sqlite/database-check.ts';
import { filledDatabase } from './filled-database.ts';
import { codeOfThrown } from './thrown-code.ts';

it('finds nothing wrong with what a daemon leaves', async () => {
  const { file } = await filledDatabase();
  for (const full of [false, true]) {
    expect(checkDatabase(file, full)).toMatchObject({
      ...{ ok: true, full, damage: [], contradictions: [] },
      facts: { endedJobs: 20, unfinishedJobs: 1 },
    });
  }
});

it.each([
  [
    "INSERT INTO attempts VALUES (999, 1, 'error', 1, 2, 1, NULL, NULL, NULL, NULL, NULL)",
    'attempts',
  ],
  ["INSERT INTO job_logs VALUES (999, 1, 1, 1, 'info', 'x')", 'job_logs'],
  ['INSERT INTO dependencies VALUES (999, 0, 1, NULL, NULL)', 'dependencies'],
  ["INSERT INTO unique_followers VALUES (999, '{}')", 'unique_followers'],
  ["UPDATE totals SET n = n + 3 WHERE state = 'succeeded'", 'succeeded jobs is wrong by 3'],
  ['UPDATE finished_jobs SET last_seq = last_seq + 1000 WHERE id = 1', 'finished_jobs have no row'],
  ['UPDATE jobs SET last_seq = 1', 'jobs have no row'],
  [
    'DELETE FROM log WHERE last = (SELECT max(last_seq) FROM finished_jobs)',
    'have no row in the log',
  ],
  ['UPDATE log SET first = first - 1 WHERE last = (SELECT max(last) FROM log)', 'overlap'],
  ["UPDATE cursors SET position = 9999 WHERE name = 'report'", 'behind the end of the log'],
  ["DELETE FROM meta WHERE key = 'epoch'", 'no epoch'],
  ['UPDATE jobs SET id = 1', 'unfinished and ended'],
])('%s is found', async (sql, words) => {
  const { file } = await filledDatabase(3);
  const db = new SqliteDatabase(file);
  expect(db.prepare(sql).run().changes).toBeGreaterThan(0);
  db.close();
  const check = checkDatabase(file, false);
  expect(check).toMatchObject({ ok: false, damage: [] });
  expect(check.contradictions.join('; ')).toContain(words);
  expect(codeOfThrown(() => mustBeSound(check))).toBe('E_DATABASE_INVALID');
});

it('reports pages that cannot be read, and asks no more of them', async () => {
  const { file } = await filledDatabase(200);
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 8_192, bytes.length - 4_096);
  writeFileSync(file, bytes);
  const check = checkDatabase(file, false);
  expect(check).toMatchObject({ ok: false, contradictions: [], facts: null });
  expect(check.damage.length).toBeGreaterThan(0);
});

it('refuses what is no database of ours', async () => {
  const { file } = await filledDatabase(1);
  writeFileSync(
    file,
    'something else, that is long enough to be looked at as a header of a file of ours',
  );
  expect(codeOfThrown(() => checkDatabase(file, false))).toBe('E_DATABASE_INVALID');
});

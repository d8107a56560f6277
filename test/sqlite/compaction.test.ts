/** Free space inside the file goes back to the disk, and nothing else changes. */
import { chownSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { compact } from '../../src/sqlite/compaction.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { checkDatabase } from '../../src/sqlite/database-check.ts';
import { filledDatabase } from './filled-database.ts';
import { codeOfThrown } from './thrown-code.ts';

it('makes the file smaller by what is free in it', async () => {
  const { file } = await filledDatabase(3);
  const db = openDatabase(file);
  const insert = db.prepare("INSERT INTO job_logs VALUES (1, ?, 1, 1, 'info', ?)");
  const fill = db.transaction(() => {
    for (let n = 0; n < 500; n += 1) insert.run(n, 'x'.repeat(2_000));
  });
  fill();
  db.exec('DELETE FROM job_logs');
  db.close();
  const { facts } = checkDatabase(file, true);
  expect(facts?.freeBytes).toBeGreaterThan(500_000);
  const done = compact(file, () => undefined);
  expect(done.before - done.after).toBeGreaterThan(500_000);
  expect(done.after).toBe(statSync(file).size);
  expect(readdirSync(path.dirname(file))).toEqual(['taskbell.db']);
  const after = checkDatabase(file, true);
  expect(after.facts).toEqual({ ...facts, bytes: done.after, freeBytes: 0 });
});

it.runIf(process.getuid?.() === 0)('by root still is the file of its service', async () => {
  const { file } = await filledDatabase(1);
  chownSync(file, 12_345, 12_346);
  compact(file, () => undefined);
  expect(statSync(file)).toMatchObject({ uid: 12_345, gid: 12_346 });
});

it('refuses a file that somebody works with, and changes nothing', async () => {
  const { file } = await filledDatabase(3);
  const db = openDatabase(file);
  db.exec("INSERT INTO cursors (name, position) VALUES ('client:x', 1)");
  const reader = openDatabase(file);
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM cursors').get();
  db.exec("INSERT INTO cursors (name, position) VALUES ('client:y', 1)");
  expect(codeOfThrown(() => compact(file, () => undefined))).toBe('E_OWNED');
  reader.close();
  db.close();
  expect(checkDatabase(file, true).ok).toBe(true);
});

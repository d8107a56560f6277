/** A copy in the place of the database: whole or not at all, and as another log. */
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { expect, it } from 'vitest';
import { backUp } from '../../src/sqlite/backup.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { checkDatabase } from '../../src/sqlite/database-check.ts';
import { MIGRATIONS } from '../../src/sqlite/migrations.ts';
import { restore } from '../../src/sqlite/restore.ts';
import { addOne, NOW } from '../contract/job-fixture.ts';
import { assemble } from '../contract/stores.ts';
import { filledDatabase } from './filled-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { codeOfThrown } from './thrown-code.ts';

const silent = () => undefined;

async function backedUp() {
  const { file } = await filledDatabase(3);
  const source = path.join(temporaryDirectory(), 'copy.db');
  const { facts } = backUp({ source: file, target: source }, silent);
  return { file, source, facts };
}

it('keeps what was there aside, whole, with what only its write-ahead log held', async () => {
  const { file, source } = await backedUp();
  const stores = assemble(openDatabase(file));
  await addOne(stores.jobs);
  // As after kill -9: the connection is open, and nothing was folded into the file.
  const { aside, facts } = restore({ source, file, now: NOW }, silent);
  stores.close();
  expect(facts).toMatchObject({ endedJobs: 3, unfinishedJobs: 1 });
  expect(path.basename(aside ?? '')).toBe('before-restore-20261121T214005Z');
  const before = checkDatabase(path.join(aside ?? '', 'taskbell.db'), true);
  expect(before).toMatchObject({ ok: true, facts: { unfinishedJobs: 2 } });
  expect(checkDatabase(file, true)).toMatchObject({ ok: true, facts });
});

it('begins another log, and gives no number again that was given since the copy', async () => {
  const { file, source, facts: copied } = await backedUp();
  const before = assemble(openDatabase(file));
  const lost = await addOne(before.jobs);
  const { epoch } = before.log;
  const top = before.log.top();
  before.close();
  restore({ source, file, now: NOW }, silent);
  const after = assemble(openDatabase(file));
  expect(after.log.epoch).not.toBe(epoch);
  expect(Number(await addOne(after.jobs))).toBeGreaterThan(Number(lost) + 1_000);
  expect(Number(after.log.top())).toBeGreaterThan(Number(top) + 1_000);
  expect((await after.log.read({ after: copied.top, limit: 10 })).length).toBeGreaterThan(0);
  after.close();
  expect(checkDatabase(file, true).contradictions).toEqual([]);
});

it('gives no number again however many were given since the copy', async () => {
  const { file, source } = await backedUp();
  run(file, "UPDATE sqlite_sequence SET seq = 5000000 WHERE name = 'jobs'");
  run(file, "INSERT OR REPLACE INTO meta VALUES ('log_top', '70000000')");
  restore({ source, file, now: NOW }, silent);
  const after = assemble(openDatabase(file));
  expect(Number(await addOne(after.jobs))).toBeGreaterThan(5_000_000);
  expect(Number(after.log.top())).toBeGreaterThan(70_000_000);
  after.close();
});

it('takes the place of one that cannot be read any more', async () => {
  const { file, source } = await backedUp();
  writeFileSync(file, 'x'.repeat(8_192));
  const { aside } = restore({ source, file, now: NOW }, silent);
  expect(readFileSync(path.join(aside ?? '', 'taskbell.db'), 'utf8')).toBe('x'.repeat(8_192));
  expect(checkDatabase(file, true).ok).toBe(true);
});

it.runIf(process.getuid?.() === 0)('by root still is the file of its service', async () => {
  const { file, source } = await backedUp();
  chownSync(file, 12_345, 12_346);
  restore({ source, file, now: NOW }, silent);
  expect(statSync(file)).toMatchObject({ uid: 12_345, gid: 12_346 });
  rmSync(file);
  chownSync(path.dirname(file), 12_347, 12_348);
  restore({ source, file, now: NOW }, silent);
  expect(statSync(file)).toMatchObject({ uid: 12_347, gid: 12_348 });
});

it('restores into an empty directory', async () => {
  const { source } = await backedUp();
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  expect(restore({ source, file, now: NOW }, silent)).toMatchObject({ aside: null });
  expect(readdirSync(path.dirname(file))).toEqual(['taskbell.db']);
});

it.each([
  ['something else', (file: string) => writeFileSync(file, 'x'.repeat(8_192))],
  ['another program', (file: string) => set(file, 'application_id = 5')],
  ['a newer one', (file: string) => set(file, `user_version = ${MIGRATIONS.length + 1}`)],
  ['a damaged one', (file: string) => run(file, "DELETE FROM meta WHERE key = 'epoch'")],
  ['the database itself', null],
])('refuses %s, and changes nothing', async (_name, spoil) => {
  const { file, source } = await backedUp();
  spoil?.(source);
  const bytes = readFileSync(file);
  const expected = spoil === null ? 'E_USAGE' : /^E_DATABASE_(INVALID|NEWER)$/;
  const given = spoil === null ? file : source;
  expect(codeOfThrown(() => restore({ source: given, file, now: NOW }, silent))).toMatch(expected);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  const others = readdirSync(path.dirname(file)).filter((name) => !/-(wal|shm)$/.test(name));
  expect(others).toEqual(['taskbell.db']);
});

it('that was broken off keeps every daemon away until it is done anew', async () => {
  const { file, source } = await backedUp();
  writeFileSync(`${file}.restoring`, '');
  expect(codeOfThrown(() => openDatabase(file))).toBe('E_DATABASE_INVALID');
  restore({ source, file, now: NOW }, silent);
  expect(existsSync(`${file}.restoring`)).toBe(false);
  openDatabase(file).close();
});

it('done anew keeps together what the one that was broken off has moved, and says where', async () => {
  const { file, source } = await backedUp();
  const begun = path.join(path.dirname(file), 'before-restore-20200101T000000Z');
  mkdirSync(begun);
  run(file, "UPDATE sqlite_sequence SET seq = 5000000 WHERE name = 'jobs'");
  renameSync(file, path.join(begun, 'taskbell.db'));
  writeFileSync(`${file}-wal`, '');
  writeFileSync(`${file}.restoring`, '');
  expect(restore({ source, file, now: NOW }, silent).aside).toBe(begun);
  expect(readdirSync(begun).sort()).toEqual(['taskbell.db', 'taskbell.db-wal']);
  const after = assemble(openDatabase(file));
  expect(Number(await addOne(after.jobs))).toBeGreaterThan(5_000_000);
  after.close();
  // Broken off in its last moment: what it had put there is none of what was before.
  writeFileSync(`${file}.restoring`, '');
  expect(restore({ source, file, now: NOW }, silent).aside).not.toBe(begun);
});

it('keeps two that were restored in the same second apart', async () => {
  const { file, source } = await backedUp();
  const first = restore({ source, file, now: NOW }, silent);
  const second = restore({ source, file, now: NOW }, silent);
  expect(second.aside).toBe(`${first.aside}-2`);
});

function set(file: string, pragma: string): void {
  const db = new SqliteDatabase(file);
  db.pragma(pragma);
  db.close();
}

function run(file: string, sql: string): void {
  const db = new SqliteDatabase(file);
  db.exec(sql);
  db.close();
}

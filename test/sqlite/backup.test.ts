/** Copies of a database: whole, verified, under their name only when they are done. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { backupName, type DatabaseStep } from '../../src/protocol/database.ts';
import { backUp } from '../../src/sqlite/backup.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { checkDatabase } from '../../src/sqlite/database-check.ts';
import { filledDatabase } from './filled-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { codeOfThrown } from './thrown-code.ts';

const silent = () => undefined;

it('holds every row, and says what it holds', async () => {
  const { file } = await filledDatabase();
  const target = path.join(temporaryDirectory(), 'copy.db');
  const steps: DatabaseStep['phase'][] = [];
  const { facts } = backUp({ source: file, target }, ({ phase }) => steps.push(phase));
  expect(facts).toMatchObject({ endedJobs: 20, unfinishedJobs: 1, schedules: 0 });
  expect(facts).toEqual({ ...checkDatabase(file, true).facts, bytes: facts.bytes, freeBytes: 0 });
  expect(steps).toEqual(['copying', 'verifying', 'syncing']);
  expect(readdirSync(path.dirname(target))).toEqual(['copy.db']);
});

it('takes along what is only in the write-ahead log so far', async () => {
  const { file } = await filledDatabase(3);
  const db = openDatabase(file);
  db.exec("INSERT INTO cursors (name, position) VALUES ('client:x', 1)");
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  const target = path.join(temporaryDirectory(), 'copy.db');
  backUp({ source: file, target }, silent);
  db.close();
  const copy = openDatabase(target);
  expect(copy.prepare('SELECT count(*) FROM cursors').pluck().get()).toBe(2);
  copy.close();
});

it('never overwrites a file', async () => {
  const { file } = await filledDatabase(1);
  const target = path.join(temporaryDirectory(), 'copy.db');
  writeFileSync(target, 'precious');
  expect(codeOfThrown(() => backUp({ source: file, target }, silent))).toBe('E_CANNOT_CREATE');
  expect(readFileSync(target, 'utf8')).toBe('precious');
});

it.each(['-journal', '-wal.db', '.restoring'])(
  'takes no name that makes it a part of the database: taskbell.db%s',
  async (ending) => {
    const { file } = await filledDatabase(1);
    const target = `${file}${ending}`;
    expect(codeOfThrown(() => backUp({ source: file, target }, silent))).toBe('E_CANNOT_CREATE');
    expect(existsSync(target)).toBe(false);
    const elsewhere = path.join(temporaryDirectory(), `taskbell.db${ending}`);
    expect(backUp({ source: file, target: elsewhere }, silent).file).toBe(elsewhere);
  },
);

it('leaves nothing behind when the source is damaged', async () => {
  const { file } = await filledDatabase(200);
  damage(file);
  const target = path.join(temporaryDirectory(), 'copy.db');
  expect(codeOfThrown(() => backUp({ source: file, target }, silent))).toBe('E_DATABASE_INVALID');
  expect(readdirSync(path.dirname(target))).toEqual([]);
});

it('removes what an earlier one left that was killed, and nothing of one that runs', async () => {
  const { file } = await filledDatabase(1);
  const directory = temporaryDirectory();
  // No process has the first pid (it is above the highest possible one); the parent of this one lives.
  const [gone, lives] = [`${2 ** 22 + 1}.partial`, `${process.ppid}.partial`];
  const dead = [`copy.db.${gone}`, `copy.db.${gone}-journal`, `${backupName(0)}.${gone}`];
  // The directory may be anybody's: what only looks like ours stays.
  const kept = [`copy.db.${lives}`, `film.mp4.${gone}`];
  for (const name of [...dead, ...kept]) writeFileSync(path.join(directory, name), '');
  backUp({ source: file, target: path.join(directory, 'copy.db') }, silent);
  expect(readdirSync(directory).sort()).toEqual(['copy.db', ...kept].sort());
});

it('says which directory is missing', async () => {
  const { file } = await filledDatabase(1);
  const target = path.join(temporaryDirectory(), 'nowhere', 'copy.db');
  expect(codeOfThrown(() => backUp({ source: file, target }, silent))).toBe('E_CANNOT_CREATE');
  expect(existsSync(path.dirname(target))).toBe(false);
});

/** Overwrites pages in the middle. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 8_192, bytes.length - 4_096);
  writeFileSync(file, bytes);
}

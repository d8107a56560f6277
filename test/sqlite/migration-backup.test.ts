import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/sqlite/database.ts';
import { MIGRATIONS } from '../../src/sqlite/migrations.ts';

const NEXT = [...MIGRATIONS, 'CREATE TABLE novelty (id INTEGER PRIMARY KEY) STRICT;'];

let directory: string;
let file: string;
let backups: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-migration-'));
  file = path.join(directory, 'taskbell.db');
  backups = path.join(directory, 'backups');
  const db = openDatabase(file);
  db.prepare("INSERT INTO users (id, active, created_at) VALUES ('ada', 1, 0)").run();
  db.close();
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('a new database and one of this version are opened without a copy', () => {
  openDatabase(file).close();
  expect(existsSync(backups)).toBe(false);
});

test('before a migration stands a whole copy of what there was, of the former version', () => {
  const db = openDatabase(file, NEXT);
  expect(db.prepare('SELECT count(*) FROM novelty').pluck().get()).toBe(0);
  db.close();
  const names = readdirSync(backups);
  expect(names).toEqual([expect.stringMatching(/^before-v\d+-\d{8}T\d{6}Z\.db$/)]);
  const copy = new SqliteDatabase(path.join(backups, names[0] as string), { readonly: true });
  expect(copy.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
  expect(copy.prepare('SELECT id FROM users').pluck().all()).toEqual(['ada']);
  copy.close();
  // It is a database like any other: put in its place, it is what the former program opens.
  openDatabase(path.join(backups, names[0] as string)).close();
});

test('without a copy there is no migration: the file stays as it is, and the start ends with 74', () => {
  writeFileSync(backups, 'in the way');
  const before = readFileSync(file);
  expect(() => openDatabase(file, NEXT)).toThrow(
    expect.objectContaining({ code: 'E_IO', message: expect.stringContaining(backups) }),
  );
  expect(readFileSync(file)).toEqual(before);
  rmSync(backups);
  mkdirSync(backups);
  openDatabase(file, NEXT).close();
  expect(readdirSync(backups)).toHaveLength(1);
});

test('a migration that fails changes nothing, and leaves the copy', () => {
  expect(() => openDatabase(file, [...MIGRATIONS, 'CREATE TABLE users (id TEXT)'])).toThrow();
  const db = openDatabase(file);
  expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
  db.close();
  expect(readdirSync(backups)).toHaveLength(1);
});

test('starts that fail again and again fill no disk with copies', () => {
  mkdirSync(backups);
  const earlier = [1, 2, 3, 4].map((day) => `before-v${NEXT.length}-2020010${day}T000000Z.db`);
  const killed = `${earlier[0]}.${2 ** 22 + 1}.partial`;
  const others = ['before-v1-20190101T000000Z.db', 'taskbell-20190101T000000Z.db'];
  for (const name of [...earlier, ...others, killed]) writeFileSync(path.join(backups, name), '');
  openDatabase(file, NEXT).close();
  const left = readdirSync(backups);
  expect(left).toHaveLength(others.length + 3);
  expect(left).toEqual(expect.arrayContaining([...others, ...earlier.slice(2)]));
});

test('this program refuses what a newer one has migrated, and keeps every byte', () => {
  openDatabase(file, NEXT).close();
  const before = readFileSync(file);
  expect(() => openDatabase(file)).toThrow(expect.objectContaining({ code: 'E_DATABASE_NEWER' }));
  expect(readFileSync(file)).toEqual(before);
});

/** Files that are not ours, or not yet ours to read, are refused with every byte kept. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { TaskbellError } from '../../src/protocol/errors.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { APPLICATION_ID } from '../../src/sqlite/file-identity.ts';
import { MIGRATIONS } from '../../src/sqlite/migrations.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const NEWER = MIGRATIONS.length + 1;

function databaseFile(): string {
  return path.join(temporaryDirectory(), 'taskbell.db');
}

function ours(): string {
  const file = databaseFile();
  openDatabase(file).close();
  return file;
}

/** A database of somebody else. */
function foreign(applicationId: number): string {
  const file = databaseFile();
  const db = new SqliteDatabase(file);
  db.pragma(`application_id = ${applicationId}`);
  db.exec('CREATE TABLE notes (text TEXT)');
  db.close();
  return file;
}

/** Copies of a file and of its -wal, taken while what was written last stands in the -wal alone. */
function copyBehindWal(change: string): string {
  const source = ours();
  const copy = databaseFile();
  const db = new SqliteDatabase(source);
  db.pragma('wal_autocheckpoint = 0');
  db.exec(change);
  for (const part of ['', '-wal']) copyFileSync(source + part, copy + part);
  db.close();
  return copy;
}

function hashes(file: string): readonly (string | null)[] {
  return [file, `${file}-wal`].map((part) =>
    existsSync(part) ? createHash('sha256').update(readFileSync(part)).digest('hex') : null,
  );
}

function refusal(file: string): TaskbellError {
  try {
    openDatabase(file).close();
  } catch (error) {
    if (error instanceof TaskbellError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Opens, and holds that the refusal left the file and its -wal as they were. */
function refusalWithoutChange(file: string): TaskbellError {
  const before = hashes(file);
  const error = refusal(file);
  expect(hashes(file)).toEqual(before);
  expect(error.message).toContain(file);
  expect(error.hint).not.toBe('');
  return error;
}

describe('a file that is no database of ours is refused with a remedy, and keeps every byte:', () => {
  it.each([
    ['garbage', Buffer.from('<html>not a database</html>'.repeat(500)), 'first bytes'],
    ['an empty file', Buffer.alloc(0), 'it is empty'],
    ['a few bytes', Buffer.from('SQLi'), 'first bytes'],
    ['a header with nothing behind it', Buffer.from('SQLite format 3\0'), 'another program'],
  ])('%s', (_, bytes, why) => {
    const file = databaseFile();
    writeFileSync(file, bytes);
    const error = refusalWithoutChange(file);
    expect(error).toMatchObject({ code: 'E_DATABASE_INVALID' });
    expect(error.message).toContain(why);
    expect(error.hint).toContain('Move the file');
  });

  it.each([
    ['with an application id', 0x12345678, '0x12345678'],
    ['without one, as most programs make it', 0, '0x0'],
  ])('the database of another program %s', (_, id, shown) => {
    const error = refusalWithoutChange(foreign(id));
    expect(error).toMatchObject({ code: 'E_DATABASE_INVALID' });
    expect(error.message).toContain(shown);
  });

  it('ours, cut short', () => {
    const file = ours();
    truncateSync(file, 5_000);
    const error = refusalWithoutChange(file);
    expect(error).toMatchObject({ code: 'E_DATABASE_INVALID' });
    expect(error.message).toContain('cut short (5000 bytes)');
  });

  it('ours, with garbage behind its header', () => {
    const file = ours();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 100);
    writeFileSync(file, bytes);
    expect(refusalWithoutChange(file)).toMatchObject({ code: 'E_DATABASE_INVALID' });
  });

  it('a directory', () => {
    const file = databaseFile();
    mkdirSync(file);
    expect(refusal(file)).toMatchObject({ code: 'E_DATABASE_INVALID' });
    expect(readdirSync(file)).toEqual([]);
  });

  it('a -wal whose file was moved away: it would be played into the next database', () => {
    const file = copyBehindWal("INSERT INTO queues (name, paused) VALUES ('slow', 1)");
    renameSync(file, `${file}.away`);
    const error = refusalWithoutChange(file);
    expect(error).toMatchObject({ code: 'E_DATABASE_INVALID' });
    expect(error.message).toContain('-wal');
    expect(existsSync(file)).toBe(false);
  });
});

describe('a database of a newer Taskbell is refused, and keeps every byte:', () => {
  it('by the number in its header', () => {
    const file = ours();
    const db = new SqliteDatabase(file);
    db.pragma(`user_version = ${NEWER}`);
    db.close();
    const error = refusalWithoutChange(file);
    expect(error).toMatchObject({ code: 'E_DATABASE_NEWER' });
    expect(error.message).toContain(`schema ${NEWER}`);
  });

  it('by a number that stands in its -wal alone', () => {
    const file = copyBehindWal(`PRAGMA user_version = ${NEWER}`);
    expect(readFileSync(file).readUInt32BE(60)).toBe(MIGRATIONS.length);
    expect(refusalWithoutChange(file)).toMatchObject({ code: 'E_DATABASE_NEWER' });
  });
});

it('plays the -wal of a core that was killed', () => {
  const file = copyBehindWal("INSERT INTO queues (name, paused) VALUES ('slow', 1)");
  const db = openDatabase(file);
  expect(db.prepare('SELECT name FROM queues').pluck().all()).toEqual(['slow']);
  db.close();
});

it('carries the application id in the header as soon as the file has its name', () => {
  expect(readFileSync(ours()).readUInt32BE(68)).toBe(APPLICATION_ID);
});

// File modes would be no test where it runs as root, who may write anywhere.
describe('a place where nothing can be written is named with what to check:', () => {
  it('a directory that is a file', () => {
    const file = path.join(ours(), 'taskbell.db');
    const error = refusal(file);
    expect(error).toMatchObject({ code: 'E_CANNOT_CREATE' });
    expect(error.message).toContain(file);
    expect(error.hint).toContain('mode of the file');
  });

  it('a directory that does not exist', () => {
    const file = path.join(temporaryDirectory(), 'nowhere', 'taskbell.db');
    expect(refusal(file)).toMatchObject({ code: 'E_CANNOT_CREATE' });
  });

  it.skipIf(process.getuid?.() === 0)(
    'a directory that is read-only (needs a user other than root, who may write anywhere)',
    () => {
      const directory = path.join(temporaryDirectory(), 'locked');
      mkdirSync(directory, { mode: 0o500 });
      expect(refusal(path.join(directory, 'taskbell.db'))).toMatchObject({
        code: 'E_CANNOT_CREATE',
      });
    },
  );
});

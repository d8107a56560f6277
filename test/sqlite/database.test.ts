import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Durability } from '../../src/protocol/jobs.ts';
import { type Database, openDatabase, prepareTransaction } from '../../src/sqlite/database.ts';
import { MIGRATIONS } from '../../src/sqlite/migrations.ts';
import { temporaryDirectory } from './temporary-directory.ts';

function open(file = path.join(temporaryDirectory(), 'taskbell.db')): Database {
  const db = openDatabase(file);
  onTestFinished(() => void db.close());
  return db;
}

function pragma(db: Database, name: string): unknown {
  return db.pragma(name, { simple: true });
}

describe('a new database', () => {
  it('has its pragmas in force', () => {
    const db = open();
    const names = ['journal_mode', 'synchronous', 'busy_timeout', 'foreign_keys', 'trusted_schema'];
    expect(names.map((name) => pragma(db, name))).toEqual(['wal', 2, 100, 1, 0]);
    expect([0, undefined]).toContain(pragma(db, 'mmap_size'));
  });

  it('carries our application id and the number of its schema', () => {
    const db = open();
    expect(pragma(db, 'application_id')).toBe(Number(`0x${Buffer.from('TbL1').toString('hex')}`));
    expect(pragma(db, 'user_version')).toBe(MIGRATIONS.length);
  });

  it('has strict tables only, so that no column takes what it should not', () => {
    const lax = open()
      .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0")
      .pluck()
      .all();
    expect(lax.filter((name) => !String(name).startsWith('sqlite_'))).toEqual([]);
  });

  it('gives ids from a counter that survives deletion', () => {
    const sql = open().prepare("SELECT sql FROM sqlite_schema WHERE name = 'jobs'");
    expect(sql.pluck().get()).toContain('AUTOINCREMENT');
  });

  it('has an epoch that no other has', () => {
    const epochs = [open(), open()].map((db) =>
      db.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck().get(),
    );
    expect(epochs[0]).toMatch(/^[0-9a-f]{10}$/);
    expect(epochs[0]).not.toBe(epochs[1]);
  });

  it('leaves no draft behind', () => {
    const directory = temporaryDirectory();
    open(path.join(directory, 'taskbell.db')).close();
    expect(readdirSync(directory)).toEqual(['taskbell.db']);
  });

  it('is made anew when a crash left half of it', () => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'taskbell.db');
    writeFileSync(`${file}.new`, 'half of a page');
    writeFileSync(`${file}.new-wal`, 'and of its log');
    const db = open(file);
    expect(pragma(db, 'user_version')).toBe(MIGRATIONS.length);
    expect(existsSync(`${file}.new`)).toBe(false);
    expect(existsSync(`${file}.new-wal`)).toBe(false);
  });
});

it('opens again with everything that was committed', () => {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  const first = openDatabase(file);
  first.exec("INSERT INTO queues (name, paused) VALUES ('slow', 1)");
  const epoch = first.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck().get();
  first.close();
  const again = open(file);
  expect(again.prepare('SELECT name FROM queues').pluck().all()).toEqual(['slow']);
  expect(again.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck().get()).toBe(epoch);
});

it('stays ours while another connection has it open', () => {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  const db = open(file);
  const other = new SqliteDatabase(file, { readonly: true });
  expect(other.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
  other.close();
  expect(() => db.exec("INSERT INTO queues (name, paused) VALUES ('slow', 1)")).not.toThrow();
});

describe('the transaction', () => {
  it('takes back what it did when it is rolled back, also the numbers of jobs', () => {
    const db = open();
    const transaction = prepareTransaction(db);
    const insert = db.prepare(
      `INSERT INTO jobs (type, queue, state, priority, payload, created_at, last_seq)
       VALUES ('mail', 'default', 'queued', 0, 'null', 0, 1)`,
    );
    transaction.begin('disk');
    insert.run();
    transaction.rollback();
    transaction.begin('disk');
    expect(insert.run().lastInsertRowid).toBe(1);
    transaction.commit();
  });

  it('waits for the disk as its commit promises, and changes that only when it must', () => {
    const db = open();
    const transaction = prepareTransaction(db);
    const pragma = vi.spyOn(db, 'pragma');
    const inForce = (durability: Durability) => {
      transaction.begin(durability);
      const found: unknown = db.prepare('PRAGMA synchronous').pluck().get();
      transaction.touch();
      transaction.commit();
      return found;
    };
    const FULL = 2;
    const NORMAL = 1;
    const wanted = ['disk', 'os', 'os', 'disk', 'disk'] as const;
    expect(wanted.map(inForce)).toEqual([FULL, NORMAL, NORMAL, FULL, FULL]);
    expect(pragma).toHaveBeenCalledTimes(2);
  });

  it('writes something each time that it is touched', () => {
    const db = open();
    const transaction = prepareTransaction(db);
    const changes = db.prepare<[], number>('SELECT total_changes()').pluck();
    const before = changes.get() ?? 0;
    for (let n = 0; n < 3; n += 1) {
      transaction.begin('disk');
      transaction.touch();
      transaction.commit();
    }
    expect(changes.get()).toBe(before + 3);
    expect(db.prepare("SELECT value FROM meta WHERE key = 'syncs'").pluck().get()).toBe('3');
  });

  it('bears a rollback after SQLite has rolled back by itself', () => {
    const db = open();
    const transaction = prepareTransaction(db);
    transaction.begin('disk');
    db.exec('ROLLBACK');
    expect(() => transaction.rollback()).not.toThrow();
  });
});

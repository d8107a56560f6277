/** The walk past everything that may be sealed: each text once, whatever the key of its table, in small commits. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Commit } from '../../src/sqlite/commit.ts';
import { type Database, openDatabase } from '../../src/sqlite/database.ts';
import { SealedTables, sealedColumn } from '../../src/sqlite/sealed-tables.ts';
import type { TextCipher } from '../../src/sqlite/text-cipher.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const TABLES = [
  { table: 'simple', key: ['id'], columns: [sealedColumn('a', 'id'), sealedColumn('b', 'name')] },
  { table: 'composite', key: ['id', 'n'], columns: [sealedColumn('line', 'id')] },
];

/** Says in each text where it was sealed. */
const cipher: TextCipher = {
  seal: (text, column, subject) => `enc:1:new:${column} of ${subject}: ${text}`,
  open: (text) => text,
  tryOpen: (text) => (text.startsWith('enc:1:lost:') ? text : text.replace(/^enc:1:\w+:/, '')),
  isCurrent: (text) => text.startsWith('enc:1:new:'),
};
const stubborn: TextCipher = {
  ...cipher,
  seal: (text, column, subject) =>
    text.startsWith('enc:') ? text : cipher.seal(text, column, subject),
};

let db: Database;
let commits: number;
const commit: Commit = async (work) => {
  commits += 1;
  return db.transaction(work)();
};

beforeEach(() => {
  commits = 0;
  db = openDatabase(`${temporaryDirectory()}/taskbell.db`);
  db.exec(`CREATE TABLE simple (id INTEGER PRIMARY KEY, name TEXT, a TEXT, b TEXT);
    CREATE TABLE composite (id INTEGER, n INTEGER, line TEXT, PRIMARY KEY (id, n)) WITHOUT ROWID;`);
});
afterEach(() => db.close());

function fill(rows: number): void {
  db.exec(`WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < ${rows})
    INSERT INTO simple SELECT n, 'x' || n, 'enc:1:old:a' || n, NULL FROM one;
    WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < ${rows})
    INSERT INTO composite SELECT n / 7, n, 'line ' || n FROM one;`);
}

const read = (sql: string) => db.prepare(sql).raw().all();

describe('the walk', () => {
  it('counts every text once, also where there are more than it reads at a time', async () => {
    fill(2_345);
    const uses = await new SealedTables(db, TABLES).countUses();
    expect(Object.fromEntries(uses)).toEqual({ old: 2_345, '': 2_345 });
  });

  it('seals each with what it belongs to, and leaves what is empty', async () => {
    fill(120);
    const done = await new SealedTables(db, TABLES).reseal(cipher, commit);
    expect(done).toEqual({ resealed: 240, unreadable: new Map() });
    expect(read('SELECT a, b FROM simple WHERE id = 99')).toEqual([
      ['enc:1:new:a of 99: a99', null],
    ]);
    expect(read('SELECT line FROM composite WHERE n = 120')).toEqual([
      ['enc:1:new:line of 17: line 120'],
    ]);
    expect(read("SELECT 1 FROM simple WHERE a NOT LIKE 'enc:1:new:%'")).toEqual([]);
    expect(commits).toBeGreaterThan(4);
  });

  it('holds nobody up for long where texts are large', async () => {
    fill(400);
    db.exec(`UPDATE simple SET a = 'enc:1:old:' || printf('%.*c', 400000, 'x')`);
    let turns = 0;
    const turn = () => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const uses = await new SealedTables(db, TABLES).countUses();
    clearImmediate(next);
    expect(Object.fromEntries(uses)).toEqual({ old: 400, '': 400 });
    // In one go it would be one for each table, and the one before.
    expect(turns).toBeGreaterThan(3);
  });

  it('commits nothing where nothing is left to do', async () => {
    fill(120);
    const tables = new SealedTables(db, TABLES);
    await tables.reseal(cipher, commit);
    commits = 0;
    expect(await tables.reseal(cipher, commit)).toEqual({ resealed: 0, unreadable: new Map() });
    expect(commits).toBe(0);
  });

  it('leaves what cannot be opened as it was, and tells of its key', async () => {
    fill(60);
    db.exec("UPDATE simple SET a = 'enc:1:lost:x' WHERE id IN (3, 55)");
    const done = await new SealedTables(db, TABLES).reseal(stubborn, commit);
    expect(done).toEqual({ resealed: 118, unreadable: new Map([['lost', 2]]) });
    expect(read('SELECT a FROM simple WHERE id = 3')).toEqual([['enc:1:lost:x']]);
  });

  it('looks again inside of the transaction: a row that has gone or changed meanwhile is no harm', async () => {
    fill(10);
    const meanwhile: Commit = (work) => {
      db.exec("DELETE FROM simple WHERE id = 4; UPDATE simple SET a = 'enc:1:new:x' WHERE id = 5");
      return commit(work);
    };
    const done = await new SealedTables(db, TABLES).reseal(cipher, meanwhile);
    expect(done.resealed).toBe(18);
    expect(read('SELECT a FROM simple WHERE id = 5')).toEqual([['enc:1:new:x']]);
  });
});

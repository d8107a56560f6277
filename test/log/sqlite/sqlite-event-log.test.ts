/** What only the log on SQLite can show: rows that are pruned, and a log that is opened again. */
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { NewRow } from '../../../src/log/event-log.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import { assemble, openSqliteStores, type SqliteStores } from '../../contract/stores.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

const ROW: NewRow = { type: 'a', id: '1', kind: 'event', data: '[]' };
const FIVE = [ROW, ROW, ROW, ROW, ROW];

function fresh(): SqliteStores {
  const stores = openSqliteStores();
  onTestFinished(() => stores.close());
  return stores;
}

it('no longer holds a position whose successors were pruned', async () => {
  const { db, log } = fresh();
  await log.append(FIVE, 0);
  db.exec('DELETE FROM log WHERE seq <= 2');
  expect(log.oldest()).toBe('3');
  expect(['0', '1', '2', '3', '5'].map((at) => log.holds(at))).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
});

it('holds nothing but its top when every row was pruned', async () => {
  const { db, log } = fresh();
  await log.append(FIVE, 0);
  db.exec('DELETE FROM log');
  expect([log.oldest(), log.top()]).toEqual(['0', '5']);
  expect(['0', '4', '5', '6'].map((at) => log.holds(at))).toEqual([false, false, true, false]);
});

it('goes on numbering where it was, even when every row was pruned before it was opened again', async () => {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  const first = assemble(openDatabase(file));
  await first.log.append(FIVE, 0);
  await first.log.moveCursor('report', '4');
  first.db.exec('DELETE FROM log');
  first.close();

  const again = assemble(openDatabase(file));
  onTestFinished(() => again.close());
  expect([again.log.epoch, again.log.top()]).toEqual([first.log.epoch, '5']);
  expect(await again.log.cursor('report')).toBe('4');
  expect(await again.log.append([ROW], 0)).toMatchObject([{ seq: '6', prev: null }]);
});

it('gives the numbers of a rolled back group to the next one', async () => {
  const { log, loop } = fresh();
  const heard: string[] = [];
  log.onAppended((rows) => heard.push(...rows.map(({ seq }) => seq)));
  const group = Promise.allSettled([
    log.append([ROW, ROW], 0),
    loop.commit(() => {
      throw new RangeError('mine');
    }),
    log.append([ROW], 0),
  ]);
  await group;
  expect(log.top()).toBe('3');
  expect(heard).toEqual(['1', '2', '3']);
});

it('shows a row without detail as an end of nobody', async () => {
  const { db, log } = fresh();
  db.exec("INSERT INTO log (seq, at, type, id, kind, data) VALUES (1, 0, 'job', '1', 2, '[]')");
  expect(await log.readEnds('0', 1)).toMatchObject([{ detail: { userId: null, error: null } }]);
});

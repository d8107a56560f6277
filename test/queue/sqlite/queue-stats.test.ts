/** What is asked about queues finds its rows by an index, whatever the table holds. */
import { expect, it, onTestFinished } from 'vitest';
import { SqliteQueueStats } from '../../../src/queue/sqlite/queue-stats.ts';
import type { Database } from '../../../src/sqlite/database.ts';
import { openSqliteStores } from '../../contract/stores.ts';

function preparedBy(db: Database): readonly string[] {
  const seen: string[] = [];
  const { prepare } = db;
  db.prepare = function spy(this: Database, sql: string) {
    seen.push(sql);
    return prepare.call(this, sql);
  } as typeof prepare;
  new SqliteQueueStats(db);
  db.prepare = prepare;
  return seen;
}

it('every statement seeks, and none sorts', () => {
  const { db, close } = openSqliteStores();
  onTestFinished(close);
  const seen = preparedBy(db);
  expect(seen.length).toBeGreaterThan(5);
  for (const sql of seen) {
    const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
    const steps = plan.all(...Array(sql.split('?').length - 1).fill(null));
    const read = steps
      .map(({ detail }) => detail)
      .filter((step) => !/^(CO-ROUTINE|SCAN \(sub)/.test(step));
    for (const step of read) expect(step, sql).toMatch(/^SEARCH (jobs|log|unique_windows) USING/);
  }
});

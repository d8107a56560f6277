/** What a unique key costs: the statements of an add with one, and the indexes that they go by. */
import { expect, it, onTestFinished } from 'vitest';
import { KEEP_FIRST } from '../../../src/queue/unique.ts';
import type { Database } from '../../../src/sqlite/database.ts';
import { NOW, newJob } from '../../contract/job-fixture.ts';
import { openSqliteStores } from '../../contract/stores.ts';

function planOf(db: Database, sql: string): readonly string[] {
  const holes = sql.split('?').length - 1;
  const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  return plan.all(...Array(holes).fill(null)).map(({ detail }) => detail);
}

it.each([
  [
    'SELECT id FROM jobs WHERE type = ? AND unique_key = ?',
    'SEARCH jobs USING COVERING INDEX jobs_unique (type=? AND unique_key=?)',
  ],
  [
    'SELECT job_id FROM unique_windows WHERE type = ? AND key = ? AND until > ?',
    'SEARCH unique_windows USING PRIMARY KEY (type=? AND key=?)',
  ],
  [
    'SELECT type, key FROM unique_windows WHERE until <= ? ORDER BY until LIMIT 10',
    'SEARCH unique_windows USING COVERING INDEX unique_windows_until (until<?)',
  ],
])('%s goes by its index, without a sort', (sql, step) => {
  const { db, close } = openSqliteStores();
  onTestFinished(close);
  expect(planOf(db, sql)).toEqual([step]);
});

it('expired windows go in passing, a few with each add, and live ones stay', async () => {
  const { db, jobs, close } = openSqliteStores();
  onTestFinished(close);
  const windows = () => Number(db.prepare('SELECT count(*) FROM unique_windows').pluck().get());
  const throttled = (uniqueKey: string, windowMs: number) =>
    newJob({ uniqueKey, unique: { ...KEEP_FIRST, policy: 'throttle', windowMs } });
  await jobs.add(
    Array.from({ length: 15 }, (_, n) => throttled(`short ${n}`, 100)),
    NOW,
  );
  await jobs.add([throttled('long', 10_000)], NOW);
  expect(windows()).toBe(16);
  await jobs.add([throttled('next', 10_000)], NOW + 100);
  expect(windows()).toBe(7);
  await jobs.add([throttled('last', 10_000)], NOW + 100);
  expect(windows()).toBe(3);
});

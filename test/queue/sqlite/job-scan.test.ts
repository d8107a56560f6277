/** Walks read a bounded piece of a table in the order of its key, whatever is asked for. */
import { expect, it, onTestFinished } from 'vitest';
import { JobScan } from '../../../src/queue/sqlite/job-scan.ts';
import type { Database } from '../../../src/sqlite/database.ts';
import { openSqliteStores } from '../../contract/stores.ts';

const FAILED = 'SEARCH finished_jobs USING INDEX finished_unsuccessful (state=? AND id>?)';
const BY_KEY = 'SEARCH finished_jobs USING INTEGER PRIMARY KEY (rowid>?)';

it('a walk goes on where it was, and reads what is few by its index', () => {
  const { db, close } = openSqliteStores();
  onTestFinished(() => close());
  const plans = statementsOf(db).map((sql) => planOf(db, sql));
  expect(plans).toEqual([
    // The states that a filter names …
    ...[[BY_KEY], [FAILED], [FAILED]],
    ['SEARCH jobs USING INTEGER PRIMARY KEY (rowid>?)'],
    ['SCAN jobs USING INDEX jobs_running', 'USE TEMP B-TREE FOR ORDER BY'],
    // … and those that retention looks at.
    ...[[BY_KEY], [FAILED], [FAILED]],
  ]);
});

function statementsOf(db: Database): readonly string[] {
  const seen: string[] = [];
  const { prepare } = db;
  db.prepare = function spy(this: Database, sql: string) {
    seen.push(sql);
    return prepare.call(this, sql);
  } as typeof prepare;
  try {
    new JobScan(db, undefined as never);
  } finally {
    db.prepare = prepare;
  }
  return seen;
}

function planOf(db: Database, sql: string): readonly string[] {
  const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  return plan.all(0, 10).map(({ detail }) => detail);
}

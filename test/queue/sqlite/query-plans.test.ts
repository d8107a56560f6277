/** The statements of a busy queue find their rows by the partial indexes, whatever the table holds. */
import { expect, it, onTestFinished } from 'vitest';
import { LogWriter } from '../../../src/log/sqlite/log-writer.ts';
import { SqliteEventLog } from '../../../src/log/sqlite/sqlite-event-log.ts';
import { JobCounts } from '../../../src/queue/sqlite/job-counts.ts';
import { prepareJobStatements } from '../../../src/queue/sqlite/job-statements.ts';
import { LaneWalk } from '../../../src/queue/sqlite/lane-walk.ts';
import type { Database } from '../../../src/sqlite/database.ts';
import { openSqliteStores, type SqliteStores } from '../../contract/stores.ts';

function fresh(): SqliteStores {
  const stores = openSqliteStores();
  onTestFinished(() => stores.close());
  return stores;
}

function planOf(db: Database, sql: string): readonly string[] {
  const holes = sql.split('?').length - 1;
  const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  return plan.all(...Array(holes).fill(null)).map(({ detail }) => detail);
}

/** Every statement that is prepared while `use` runs. */
async function preparedBy(db: Database, use: () => unknown): Promise<readonly string[]> {
  const seen: string[] = [];
  const prepare = db.prepare;
  db.prepare = function spy(this: Database, sql: string) {
    seen.push(sql);
    return prepare.call(this, sql);
  } as typeof prepare;
  try {
    await use();
  } finally {
    db.prepare = prepare;
  }
  return seen;
}

const isScan = (step: string) =>
  /^SCAN (jobs|finished_jobs|log|attempts|job_logs)\b(?!.*USING)/.test(step);
const sorts = (step: string) => step.includes('TEMP B-TREE');

it.each([
  ['waiting', 'SEARCH jobs USING INDEX jobs_ready (queue=? AND type=? AND group_key=?)'],
  ['due', 'SEARCH jobs USING INDEX jobs_due (run_at<?)'],
  ['nextDue', 'SEARCH jobs USING COVERING INDEX jobs_due'],
  ['runsSuspect', 'SCAN jobs USING INDEX jobs_running'],
  ['suspectExecutors', 'SCAN jobs USING INDEX jobs_running'],
  ['allRunning', 'SCAN jobs USING INDEX jobs_running'],
  ['holderOfKey', 'SEARCH jobs USING COVERING INDEX jobs_unique (type=? AND unique_key=?)'],
] as const)('"%s" reads by its index, in order, without a sort', (name, step) => {
  const { db } = fresh();
  const plan = planOf(db, prepareJobStatements(db)[name].source);
  expect(plan).toEqual([step]);
});

it('walks from lane to lane by seeks that pass over all jobs of a lane', async () => {
  const { db } = fresh();
  const sources = await preparedBy(db, () => new LaneWalk(db));
  // Row values in one comparison would be sought by too, and then step through every equal entry.
  expect(sources.map((source) => planOf(db, source))).toEqual([
    ['SEARCH jobs USING COVERING INDEX jobs_ready (queue=? AND type=? AND group_key>?)'],
    ['SEARCH jobs USING COVERING INDEX jobs_ready (queue=? AND type>?)'],
    ['SEARCH jobs USING COVERING INDEX jobs_ready (queue>?)'],
  ]);
});

it('no statement of the store reads a whole table', () => {
  const { db } = fresh();
  const whole = Object.values(prepareJobStatements(db))
    .map(({ source }) => ({ source, plan: planOf(db, source) }))
    .filter(({ plan }) => plan.some(isScan));
  expect(whole).toEqual([]);
});

it('counts waiting jobs from the indexes alone', async () => {
  const { db } = fresh();
  const [live] = await preparedBy(db, () => new JobCounts(db));
  const plan = planOf(db, live ?? '');
  const steps = plan.filter((step) => /^(SCAN|SEARCH) jobs/.test(step));
  expect(steps).toHaveLength(4);
  for (const step of steps) expect(step).toContain('USING COVERING INDEX');
});

it.each(['failed', 'cancelled'] as const)(
  'lists what is %s without reading the successes',
  async (state) => {
    const { db, jobs } = fresh();
    const [sql] = await preparedBy(db, () => jobs.list({ state, limit: 10, cursor: '5' }));
    const plan = planOf(db, sql ?? '');
    expect(plan).toEqual([
      'SEARCH finished_jobs USING INDEX finished_unsuccessful (state=? AND id<?)',
    ]);
  },
);

it.each(['running', 'waiting'] as const)(
  'lists what is %s without reading what is queued',
  async (state) => {
    const { db, jobs } = fresh();
    const [sql] = await preparedBy(db, () => jobs.list({ state, limit: 10 }));
    expect(planOf(db, sql ?? '')[0]).toContain(`USING INDEX jobs_${state}`);
  },
);

it('reads the log from a position, never from its beginning', async () => {
  const { db } = fresh();
  const seen = await preparedBy(db, () => {
    return new SqliteEventLog(db, new LogWriter(db), async (work) => work());
  });
  const ends = /FROM log ORDER BY last( DESC)? LIMIT 1$/;
  const reads = seen.filter((sql) => /FROM log(_topics)?\b/.test(sql) && !ends.test(sql));
  expect(reads.length).toBeGreaterThanOrEqual(7);
  for (const sql of reads) {
    const plan = planOf(db, sql);
    expect(plan.filter((step) => isScan(step) || sorts(step))).toEqual([]);
  }
});

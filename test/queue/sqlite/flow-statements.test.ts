/** What flows cost on SQLite: nothing where there are none, and never a walk through a table. */
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  IS_NEEDED,
  prepareDependencyStatements,
} from '../../../src/queue/sqlite/dependency-statements.ts';
import { type Database, openDatabase } from '../../../src/sqlite/database.ts';
import { FlowFixture } from '../../contract/flow-fixture.ts';
import { NOW, newJob } from '../../contract/job-fixture.ts';
import { assemble, openSqliteStores, type SqliteStores } from '../../contract/stores.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

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

it('no statement on dependencies reads a whole table or sorts', () => {
  const { db } = fresh();
  const plans = Object.values(prepareDependencyStatements(db)).map(({ source }) => ({
    source,
    steps: planOf(db, source).filter((step) => /^SCAN (?!CONSTANT)|TEMP B-TREE/.test(step)),
  }));
  // The few states of one job's dependencies are grouped.
  const grouped = /GROUP BY state/;
  expect(plans.filter(({ source, steps }) => steps.length > 0 && !grouped.test(source))).toEqual(
    [],
  );
});

it('names the finished jobs that unfinished ones still need', async () => {
  const { db, jobs } = fresh();
  const flows = new FlowFixture(jobs);
  const ids = await flows.diamond();
  await flows.run(ids.a);
  await flows.run(ids.b);
  const needed = db.prepare<[], number>(`SELECT id FROM finished_jobs WHERE ${IS_NEEDED}`).pluck();
  // Of a, which has ended, c is still queued; of b, d still waits.
  expect(needed.all().map(String)).toEqual([ids.a, ids.b]);
  for (const ref of ['c', 'd']) await flows.run(ids[ref]);
  expect(needed.all()).toEqual([]);
  expect(
    planOf(db, `SELECT id FROM finished_jobs WHERE id = ? AND ${IS_NEEDED}`),
  ).not.toContainEqual(expect.stringMatching(/^SCAN/));
});

it('the ends of a batch each cost a fixed number of statements', async () => {
  const db = openDatabase(path.join(temporaryDirectory(), 'taskbell.db'));
  let runs = 0;
  const prepare = db.prepare;
  db.prepare = function counted(this: Database, sql: string) {
    const statement = prepare.call(this, sql);
    for (const verb of ['run', 'get', 'all'] as const) {
      const original = statement[verb] as (...values: unknown[]) => unknown;
      const value = (...values: unknown[]) => {
        runs += 1;
        return original.apply(statement, values);
      };
      Object.defineProperty(statement, verb, { value });
    }
    return statement;
  } as typeof prepare;
  const stores = assemble(db);
  onTestFinished(() => stores.close());
  const flows = new FlowFixture(stores.jobs);

  async function costOf(size: number): Promise<number> {
    const members = Array.from({ length: size }, (_, n) => newJob({ ref: `r${n}` }));
    const after = members.map(({ ref }) => ref ?? '');
    const added = await stores.jobs.add(
      [...members, newJob({ after, onDependencyFailure: 'continue' })],
      NOW,
    );
    const first = added[0]?.job.id;
    for (const { job } of added.slice(1, -1)) await stores.jobs.cancel(job.id, NOW);
    const before = runs;
    await flows.run(first);
    const cost = runs - before;
    await flows.run(added.at(-1)?.job.id);
    return cost;
  }

  expect(await costOf(200)).toBe(await costOf(2));
});

/**
 * How many statements a job costs, from its add to its end. The number is what a release is
 * compared with: it does not depend on the machine.
 */

import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Database } from '../../../src/sqlite/database.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import { claiming, endOfAttempt, judged, NOW, newJob } from '../../contract/job-fixture.ts';
import { assemble } from '../../contract/stores.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

const BATCH = 256;

/** insert of the job. */
const ADD = 1;
/** update of the job. */
const CLAIM = 1;
/** read of the fence, insert of the finished job, delete of the live one. */
const END = 3;
/** What all 256 rows of the log cost together. */
const LOG = 1;

/** Counts each run of a statement that is prepared from now on. */
function countRuns(db: Database): { runs: number } {
  const count = { runs: 0 };
  const prepare = db.prepare;
  db.prepare = function counted(this: Database, sql: string) {
    const statement = prepare.call(this, sql);
    for (const verb of ['run', 'get', 'all'] as const) {
      const original = statement[verb] as (...values: unknown[]) => unknown;
      Object.defineProperty(statement, verb, {
        value: (...values: unknown[]) => {
          count.runs += 1;
          return original.apply(statement, values);
        },
      });
    }
    return statement;
  } as typeof prepare;
  return count;
}

it(`a job costs ${ADD} statements to add, ${CLAIM} to claim and ${END} to end, and a group a few`, async () => {
  const db = openDatabase(path.join(temporaryDirectory(), 'taskbell.db'));
  const count = countRuns(db);
  const stores = assemble(db);
  onTestFinished(() => stores.close());
  const { jobs, loop } = stores;

  async function runsOf(work: () => Promise<unknown>): Promise<number> {
    const before = count.runs;
    await work();
    return count.runs - before;
  }

  const added = await runsOf(() => jobs.add(Array(BATCH).fill(newJob()), NOW));
  // BEGIN and COMMIT.
  expect(added).toBe(ADD * BATCH + LOG + 2);

  let running = await jobs.claim(claiming({ limit: BATCH / 2 }));
  const drained = await runsOf(async () => {
    const ends = running.jobs.map((job) => judged(endOfAttempt(job, 'succeeded')));
    const [, next] = await Promise.all([
      jobs.end(ends),
      jobs.claim(claiming({ limit: BATCH / 2 })),
    ]);
    running = next;
  });
  expect(running.jobs).toHaveLength(BATCH / 2);
  // BEGIN, one look into the lane, one total, COMMIT: end and claim share a transaction.
  expect(drained).toBe((END + CLAIM) * (BATCH / 2) + LOG + 4);
  expect(loop.commits).toBe(3);
});

it('an idle store runs none', async () => {
  const db = openDatabase(path.join(temporaryDirectory(), 'taskbell.db'));
  const count = countRuns(db);
  const stores = assemble(db);
  onTestFinished(() => stores.close());
  const before = count.runs;
  stores.loop.nudge();
  await new Promise((resolve) => setImmediate(resolve));
  await stores.jobs.totals();
  expect(count.runs - before).toBe(0);
});

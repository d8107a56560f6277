/** Limits over a restart, what they leave on disk, and what they cost in statements. */
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Lanes } from '../../../src/core/lanes.ts';
import type { NewJob } from '../../../src/queue/job.ts';
import { type Database, openDatabase } from '../../../src/sqlite/database.ts';
import {
  claiming,
  claimOne,
  MAIL,
  NOW,
  newJob,
  rules,
  settle,
} from '../../contract/job-fixture.ts';
import { assemble, type SqliteStores } from '../../contract/stores.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

function opening(): () => SqliteStores {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  let stores: SqliteStores | undefined;
  onTestFinished(() => stores?.close());
  return () => {
    stores?.close();
    stores = assemble(openDatabase(file));
    return stores;
  };
}

function many(count: number, jobOf: (index: number) => Partial<NewJob> = () => ({})) {
  return Array.from({ length: count }, (_, index) => newJob(jobOf(index)));
}

function buckets(db: Database): readonly string[] {
  return db.prepare<[], string>('SELECT key FROM rate_buckets ORDER BY key').pluck().all();
}

/** Counts the reads of waiting jobs from now on. */
function countReads(db: Database): { reads: number } {
  const count = { reads: 0 };
  const prepare = db.prepare;
  db.prepare = function counted(this: Database, sql: string) {
    const statement = prepare.call(this, sql);
    if (!sql.includes("state = 'queued' AND queue = ? AND type = ?")) return statement;
    const all = statement.all as (...values: unknown[]) => unknown[];
    Object.defineProperty(statement, 'all', {
      value: (...values: unknown[]) => {
        count.reads += 1;
        return all.apply(statement, values);
      },
    });
    return statement;
  } as typeof prepare;
  return count;
}

it('what runs still counts after a restart, once', async () => {
  const open = opening();
  const limits = rules({ type: { mail: { concurrency: 2 } } });
  const first = open();
  await first.jobs.add(many(5), NOW);
  const job = await claimOne(first.jobs, { limits });
  const { jobs } = open();
  expect((await jobs.claim(claiming({ limits }))).jobs).toHaveLength(1);
  await settle(jobs, job, 'succeeded');
  expect((await jobs.claim(claiming({ limits }))).jobs).toHaveLength(1);
});

it('what a rate has let through is remembered over a restart', async () => {
  const open = opening();
  const limits = rules({ type: { mail: { rate: { count: 3, perMs: 60_000 } } } });
  const first = open();
  await first.jobs.add(many(9), NOW);
  await first.jobs.claim(claiming({ limits, limit: 2, now: NOW }));
  expect((await open().jobs.claim(claiming({ limits, now: NOW }))).jobs).toHaveLength(1);
  expect((await open().jobs.claim(claiming({ limits, now: NOW + 1 }))).jobs).toHaveLength(0);
  expect((await open().jobs.claim(claiming({ limits, now: NOW + 20_000 }))).jobs).toHaveLength(1);
});

it('buckets of groups go when they are full again, and never by their number', async () => {
  const { jobs, db } = opening()();
  const limits = rules({ type: { mail: { groupRate: { count: 1, perMs: 1_000 } } } });
  await jobs.add(
    many(60, (index) => ({ group: `g${index}` })),
    NOW,
  );
  for (let index = 0; index < 60; index += 1) {
    const lanes = [{ ...MAIL, group: `g${index}` }];
    await jobs.claim(claiming({ lanes, limits, now: NOW + index * 100 }));
  }
  // Those of the last second, and the few that the sweep has not come to.
  expect(buckets(db).length).toBeLessThan(25);
  expect(buckets(db)).toContain('type mail group g59');
});

it('a claim among 10,000 groups reads as many lanes as it has slots, whatever limits hold them', async () => {
  const { jobs, db } = opening()();
  const count = countReads(db);
  const counted = assemble(db);
  await jobs.add(
    many(10_000, (index) => ({ group: `g${index}` })),
    NOW,
  );
  const lanes = new Lanes();
  lanes.mark(await counted.jobs.lanes());
  const limits = rules({ queue: { default: { concurrency: 40, groupConcurrency: 1 } } });
  const reads: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    const before = count.reads;
    lanes.beginRound(NOW);
    const answer = await counted.jobs.claim(
      claiming({ lanes: lanes.take(8, () => true), limits, limit: 8, idle: round === 0 }),
    );
    lanes.noteServed(answer.jobs);
    lanes.clear(answer.emptyLanes);
    lanes.hold(answer.heldLanes);
    reads.push(count.reads - before);
  }
  expect(reads).toEqual([8, 8, 8, 8, 8, 0]);
});

it('limits that nobody set cost no statement', async () => {
  const { jobs, db } = opening()();
  await jobs.add(many(3), NOW);
  await jobs.claim(claiming());
  expect(buckets(db)).toEqual([]);
});

/** Which changes of the store wait for the disk. */
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewJob } from '../../../src/queue/job.ts';
import { skipJobIds } from '../../../src/queue/sqlite/job-ids.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import {
  claiming,
  claimOne,
  endOfAttempt,
  judged,
  NOW,
  newJob,
  startOne,
} from '../../contract/job-fixture.ts';
import { assemble, openSqliteStores, type SqliteStores } from '../../contract/stores.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

let stores: SqliteStores;
beforeEach(() => {
  stores = openSqliteStores();
});
afterEach(() => stores.close());

/** True: the commit of this waited for the disk. */
async function waited(work: () => Promise<unknown>): Promise<boolean> {
  const before = stores.loop.osCommits;
  await work();
  return stores.loop.osCommits === before;
}

const os = (over = {}) => newJob({ durability: 'os', ...over });

it('an add waits for the disk unless all of its jobs need not', async () => {
  const { jobs } = stores;
  expect(await waited(() => jobs.add([newJob()], NOW))).toBe(true);
  // The first ones of a database: see the ids below.
  expect(await waited(() => jobs.add([os(), os()], NOW))).toBe(true);
  expect(await waited(() => jobs.add([os(), os()], NOW))).toBe(false);
  expect(await waited(() => jobs.add([os(), newJob()], NOW))).toBe(true);
  const guard = { key: 'g', fingerprint: 'f' };
  expect(await waited(() => jobs.addOnce([os()], guard, NOW))).toBe(false);
});

it('adds of one turn share what the strictest of them needs', async () => {
  const { jobs } = stores;
  await jobs.add([os()], NOW);
  const both = () => Promise.all([jobs.add([os()], NOW), jobs.add([newJob()], NOW)]);
  expect(await waited(both)).toBe(true);
});

it('a claim waits unless its lanes need not, and so does an end unless its jobs need not', async () => {
  const { jobs } = stores;
  await jobs.add([os(), os(), os()], NOW);
  expect(await waited(() => jobs.claim(claiming({ limit: 1, durability: 'os' })))).toBe(false);
  expect(await waited(() => jobs.claim(claiming({ limit: 1 })))).toBe(true);
  const job = await claimOne(jobs);
  expect(job.durability).toBe('os');
  const end = judged(endOfAttempt(job, 'succeeded'));
  expect(await waited(() => jobs.end([{ ...end, durability: 'os' }]))).toBe(false);
  expect(await waited(() => jobs.end([{ ...end, durability: 'os' }, end]))).toBe(true);
});

it('nobody waits for what nobody was promised: log lines, process groups', async () => {
  const { jobs } = stores;
  const { id, attempt } = await startOne(jobs);
  const line = { id, attempt, at: NOW, level: 'info', line: 'hello' } as const;
  expect(await waited(() => jobs.appendLogLines([line]))).toBe(false);
  const group = { pid: 7, startTime: '1' };
  expect(await waited(() => jobs.recordGroup({ id, attempt }, group))).toBe(false);
});

describe('ids after a power cut', () => {
  /** One run of a daemon: the id of the job that it adds. */
  async function run(file: string, bootId: string, job: NewJob): Promise<number> {
    const db = openDatabase(file);
    skipJobIds(db, bootId);
    const opened = assemble(db);
    const [added] = await opened.jobs.add([job], NOW);
    opened.close();
    return Number(added?.job.id);
  }

  it('leap over those that may have been lost, once for each start of the machine', async () => {
    const file = path.join(temporaryDirectory(), 'taskbell.db');
    const first = await run(file, 'boot 1', os());
    expect(await run(file, 'boot 1', os())).toBe(first + 1);
    const leapt = await run(file, 'boot 2', os());
    expect(leapt).toBeGreaterThanOrEqual(first + 100_000);
    expect(await run(file, 'boot 2', newJob())).toBe(leapt + 1);
  });

  it('leap at each start where the runs of a machine cannot be told apart', async () => {
    const file = path.join(temporaryDirectory(), 'taskbell.db');
    const first = await run(file, '', os());
    expect(await run(file, '', os())).toBeGreaterThanOrEqual(first + 100_000);
  });

  it('count on without a gap where no such job was ever added', async () => {
    const file = path.join(temporaryDirectory(), 'taskbell.db');
    const first = await run(file, 'boot 1', newJob());
    expect(await run(file, 'boot 2', newJob())).toBe(first + 1);
  });
});

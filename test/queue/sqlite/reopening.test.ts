/** A core goes, the next one finds everything where it was. */
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../../src/sqlite/database.ts';
import {
  addOne,
  busyQueues,
  claiming,
  claimOne,
  jobIn,
  NOW,
  newJob,
  settle,
  startOne,
} from '../../contract/job-fixture.ts';
import { assemble, openSqliteStores, type SqliteStores } from '../../contract/stores.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

function opener(): () => SqliteStores {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  return () => {
    const stores = assemble(openDatabase(file));
    onTestFinished(() => stores.close());
    return stores;
  };
}

it('keeps the jobs, the counts, the top and the running attempts', async () => {
  const open = opener();
  const first = open();
  for (const state of ['scheduled', 'retrying', 'failed', 'succeeded', 'running'] as const) {
    await jobIn(first.jobs, state);
  }
  await addOne(first.jobs, { queue: 'slow' });
  const seen = async ({ jobs, log }: SqliteStores) => ({
    list: await jobs.list({ limit: 100 }),
    totals: await jobs.totals(),
    queues: busyQueues(await jobs.queues()),
    running: await jobs.running(),
    top: log.top(),
  });
  const before = await seen(first);
  first.close();
  expect(await seen(open())).toEqual(before);
});

it('never gives an id twice, even when the newest job is finished and its row is gone', async () => {
  const open = opener();
  const first = open();
  const job = await startOne(first.jobs);
  await settle(first.jobs, job, 'succeeded');
  first.db.exec('DELETE FROM finished_jobs');
  first.close();
  expect(await addOne(open().jobs)).not.toBe(job.id);
});

it('still accepts the end of an attempt that the former core gave out', async () => {
  const open = opener();
  const first = open();
  const job = await startOne(first.jobs);
  first.close();
  const { jobs } = open();
  expect(await settle(jobs, job, 'succeeded')).toMatchObject({ accepted: true });
});

it('knows the process of an executor that still has an attempt, and forgets the idle ones', async () => {
  const open = opener();
  const first = open();
  await first.jobs.rememberExecutor('e1', { pid: 11, startTime: '1' });
  await first.jobs.rememberExecutor('idle', { pid: 12, startTime: '2' });
  await startOne(first.jobs);
  first.close();

  const { jobs } = open();
  expect(await jobs.executorProcess('e1')).toEqual({ pid: 11, startTime: '1' });
  await jobs.rememberExecutor('e2', { pid: 13, startTime: '3' });
  expect(await jobs.executorProcess('e1')).toEqual({ pid: 11, startTime: '1' });
  expect(await jobs.executorProcess('idle')).toBeUndefined();
});

it('takes counts and log numbers back with a group that fails', async () => {
  const stores = openSqliteStores();
  onTestFinished(() => stores.close());
  const { jobs, log, loop } = stores;
  await startOne(jobs);
  const before = [await jobs.totals(), busyQueues(await jobs.queues()), log.top()];
  const failing = loop.commit(() => {
    stores.counts.move('default', 'running', 'succeeded');
    stores.counts.move('slow', null, 'queued');
    throw new RangeError('mine');
  });
  await expect(failing).rejects.toThrow('mine');
  await expect(jobs.add([newJob(), newJob({ priority: 0.5 })], NOW)).rejects.toThrow();
  expect([await jobs.totals(), busyQueues(await jobs.queues()), log.top()]).toEqual(before);
});

it('counts the ends of one group once, however often it was tried', async () => {
  const stores = openSqliteStores();
  onTestFinished(() => stores.close());
  const { jobs, loop } = stores;
  const job = await startOne(jobs);
  const [answer] = await Promise.allSettled([
    settle(jobs, job, 'succeeded'),
    loop.commit(() => {
      throw new RangeError('mine');
    }),
  ]);
  expect(answer).toMatchObject({ status: 'fulfilled', value: { accepted: true } });
  expect(await jobs.totals()).toMatchObject({ succeeded: 1, running: 0 });
  const stored = stores.db.prepare("SELECT n FROM totals WHERE state = 'succeeded'").pluck().get();
  expect(stored).toBe(1);
});

it('leaves finished jobs out of the table that claims read', async () => {
  const stores = openSqliteStores();
  onTestFinished(() => stores.close());
  const { db, jobs } = stores;
  await jobs.add([newJob(), newJob(), newJob()], NOW);
  for (const outcome of ['succeeded', 'cancelled'] as const) {
    await settle(jobs, await claimOne(jobs), outcome);
  }
  expect(db.prepare('SELECT count(*) FROM jobs').pluck().get()).toBe(1);
  expect(db.prepare('SELECT count(*) FROM finished_jobs').pluck().get()).toBe(2);
  expect((await jobs.claim(claiming())).jobs).toHaveLength(1);
});

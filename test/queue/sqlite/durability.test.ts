/** Which changes of the store wait for the disk. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  claiming,
  claimOne,
  endOfAttempt,
  judged,
  NOW,
  newJob,
  startOne,
} from '../../contract/job-fixture.ts';
import { openSqliteStores, type SqliteStores } from '../../contract/stores.ts';

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
  expect(await waited(() => jobs.add([os(), os()], NOW))).toBe(false);
  expect(await waited(() => jobs.add([os(), newJob()], NOW))).toBe(true);
  const guard = { key: 'g', fingerprint: 'f' };
  expect(await waited(() => jobs.addOnce([os()], guard, NOW))).toBe(false);
});

it('adds of one turn share what the strictest of them needs', async () => {
  const { jobs } = stores;
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

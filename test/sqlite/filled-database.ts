/** A database as a daemon leaves it: jobs of every kind of end, events, and what belongs to them. */
import path from 'node:path';
import { openDatabase } from '../../src/sqlite/database.ts';
import { addOne, claimOne, NOW, newJob, settle } from '../contract/job-fixture.ts';
import { assemble } from '../contract/stores.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface Filled {
  readonly file: string;
  readonly ended: readonly string[];
  readonly waiting: readonly string[];
}

/** @param ended how many jobs have succeeded, besides one that waits and one event */
export async function filledDatabase(
  ended = 20,
  file = path.join(temporaryDirectory(), 'taskbell.db'),
): Promise<Filled> {
  const stores = assemble(openDatabase(file));
  const ids: string[] = [];
  for (let n = 0; n < ended; n += 1) {
    await addOne(stores.jobs);
    const job = await claimOne(stores.jobs);
    ids.push(job.id);
    await settle(stores.jobs, job, 'succeeded');
  }
  const [later] = await stores.jobs.add([newJob({ runAt: NOW + 1_000_000 })], NOW);
  await stores.log.append([{ type: 'issueUpdate', id: 'a', kind: 'event', data: '[1]' }], NOW);
  await stores.log.moveCursor('report', stores.log.top());
  stores.close();
  return { file, ended: ids, waiting: [later?.job.id ?? ''] };
}

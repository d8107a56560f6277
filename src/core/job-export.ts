/** Jobs as what one would add to have them again. Reads only. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExportPage } from '../protocol/bulk.ts';
import { isFinished, type JobRequest, MAX_DEPENDENCIES } from '../protocol/jobs.ts';
import { jsonOf } from '../protocol/sealed-text.ts';
import type { JobRecord } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';
import type { FoundJobs } from './job-walk.ts';

const PAGE_JOBS = 1_000;
/** Of payloads, about: a page is held in memory at both ends. */
const PAGE_BYTES = 4 * 1_048_576;

/** Others have their turn after so many. */
const TURN_JOBS = 50;

/** One page from where the walk begins. */
export async function exportJobs(
  store: JobStore,
  walk: AsyncIterable<FoundJobs>,
): Promise<ExportPage> {
  const jobs: JobRequest[] = [];
  let bytes = 0;
  for await (const { found, next } of walk) {
    for (const [index, { id, position }] of found.entries()) {
      const job = await store.get(id);
      if (job === undefined) continue;
      jobs.push(await requestOf(store, job));
      bytes += job.payload.length;
      if (jobs.length % TURN_JOBS === 0) await nextTurn();
      if (jobs.length < PAGE_JOBS && bytes < PAGE_BYTES) continue;
      return { jobs, next: index < found.length - 1 ? position : next };
    }
  }
  return { jobs, next: null };
}

async function requestOf(store: JobStore, job: JobRecord): Promise<JobRequest> {
  const { type, queue, priority, runAt, uniqueKey, retries, timeoutMs, userId, group } = job;
  return {
    type,
    payload: jsonOf(job.payload),
    queue,
    ...(priority === 0 ? {} : { priority }),
    ...(runAt === null ? {} : { runAt: new Date(runAt).toISOString() }),
    ...(uniqueKey === null ? {} : { uniqueKey }),
    ...(retries === null ? {} : { retries }),
    ...(job.backoff === null ? {} : { backoff: job.backoff }),
    ...(timeoutMs === null ? {} : { timeoutMs }),
    ...(userId === null ? {} : { userId }),
    ...(group === null ? {} : { group }),
    ...(job.durability === 'disk' ? {} : { durability: job.durability }),
    ...(isFinished(job.state) ? {} : await placeOf(store, job)),
  };
}

/** Among the jobs that it depends on, and those that depend on it, as far as they have not ended. */
async function placeOf(
  store: JobStore,
  { id, hasDependencies, onDependencyFailure: policy }: JobRecord,
): Promise<Pick<JobRequest, 'ref' | 'after' | 'onDependencyFailure'>> {
  const limit = hasDependencies ? MAX_DEPENDENCIES : 1;
  const { dependencies, dependents } = await store.relatives(id, limit);
  const after = dependencies.filter(({ state }) => !isFinished(state)).map((one) => refOf(one.id));
  return {
    ...(dependents.length === 0 ? {} : { ref: refOf(id) }),
    ...(after.length === 0 ? {} : { after }),
    ...(after.length === 0 || policy === 'fail' ? {} : { onDependencyFailure: policy }),
  };
}

/** No id: where it is missing, nothing else may be taken for it. */
function refOf(id: string): string {
  return `job-${id}`;
}

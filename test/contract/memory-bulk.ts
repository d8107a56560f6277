/** Walks and changes of many jobs in memory. What is done to one job is the store's. */
import { isFinished } from '../../src/protocol/jobs.ts';
import type { JobRecord } from '../../src/queue/job.ts';
import { factsOf, fits } from '../../src/queue/job-filter.ts';
import type {
  BulkChange,
  BulkChangeAnswer,
  EndedPage,
  EndedRequest,
  FinishedState,
  ScanPage,
  ScanRequest,
} from '../../src/queue/job-store.ts';
import type { Flows } from './memory-flows.ts';
import type { MemoryJob } from './memory-job.ts';

type Jobs = ReadonlyMap<string, MemoryJob>;

/** Ended jobs come before the others, each oldest first. */
function inOrder(jobs: Jobs): readonly MemoryJob[] {
  const place = ({ record }: MemoryJob) => (isFinished(record.state) ? 0 : 1);
  return [...jobs.values()].sort((a, b) => place(a) - place(b) || a.order - b.order);
}

export function scanPage(jobs: Jobs, { criteria, after, limit }: ScanRequest): ScanPage {
  const [place, order] = (after ?? '0:0').split(':').map(Number);
  const behind = inOrder(jobs).filter(({ record, order: own }) => {
    const its = isFinished(record.state) ? 0 : 1;
    return its > (place ?? 0) || (its === place && own > (order ?? 0));
  });
  const looked = behind.slice(0, limit);
  const found = looked
    .filter(({ record }) => fits(criteria, factsOf(record)))
    .map((job) => ({ id: job.record.id, position: positionOf(job) }));
  const last = looked.at(-1);
  return { found, next: last === undefined || behind.length <= limit ? null : positionOf(last) };
}

function positionOf({ record, order }: MemoryJob): string {
  return `${isFinished(record.state) ? 0 : 1}:${order}`;
}

export function endedPage(jobs: Jobs, { state, after, limit }: EndedRequest): EndedPage {
  const from = after === null ? 0 : (jobs.get(after)?.order ?? Number(after.slice(1)));
  const behind = inOrder(jobs).filter((job) => isFinished(job.record.state) && job.order > from);
  const looked = behind.slice(0, limit);
  const ended = looked
    .filter(({ record }) => record.state === state)
    .map(({ record }) => ({ id: record.id, endedAt: record.endedAt ?? 0 }));
  return { ended, next: behind.length > limit ? (looked.at(-1)?.record.id ?? null) : null };
}

export function keptOf(jobs: Jobs): Readonly<Record<FinishedState, number>> {
  const kept = { succeeded: 0, failed: 0, cancelled: 0 };
  for (const { record } of jobs.values()) {
    if (isFinished(record.state)) kept[record.state as FinishedState] += 1;
  }
  return kept;
}

/** Whether an unfinished job depends on it. */
export function isNeeded(jobs: Jobs, flows: Flows, id: string): boolean {
  return [...flows].some(([child, { links }]) => {
    const state = jobs.get(child)?.record.state;
    return state !== undefined && !isFinished(state) && links.some(({ parent }) => parent === id);
  });
}

export interface MemoryBulkVerbs {
  readonly find: (id: string) => JobRecord | undefined;
  readonly cancel: (id: string, now: number) => BulkChangeAnswer;
  readonly retry: (id: string, now: number) => BulkChangeAnswer;
  readonly remove: (id: string) => 'removed' | 'needed' | 'unknown';
  /** Keeps the job in its new queue and tells of it. */
  readonly move: (job: JobRecord, queue: string, now: number) => void;
}

export function changeOne(
  { find, cancel, retry, remove, move }: MemoryBulkVerbs,
  id: string,
  change: BulkChange,
): BulkChangeAnswer {
  const job = find(id);
  if (job === undefined) return { kind: 'unknown' };
  if (!fits(change.criteria, factsOf(job))) return { kind: 'passed' };
  const { now } = change;
  if (change.verb === 'cancel') return cancel(id, now);
  if (change.verb === 'retry') return retry(id, now);
  if (job.state === 'running') return { kind: 'running' };
  if (change.verb === 'purge')
    return isFinished(job.state) ? { kind: remove(id) } : cancel(id, now);
  if (isFinished(job.state)) return { kind: 'finished', state: job.state };
  const { queue } = change;
  if (job.queue !== queue) move(job, queue, now);
  const { type, group, state } = job;
  return { kind: 'moved', lane: state === 'queued' ? { queue, type, group } : null };
}

/** What the store in memory answers without changing anything: pages, lanes, counts. Pure. */
import { isFinished, JOB_STATES, type JobState } from '../../src/protocol/jobs.ts';
import type { Lane, RunningJob } from '../../src/queue/job.ts';
import type { JobPage, ListFilter, QueueCounts } from '../../src/queue/job-store.ts';
import type { MemoryJob } from './memory-job.ts';
import type { MemoryTables } from './memory-tables.ts';

export function listPage(
  all: MemoryTables['jobs'],
  { state, type, queue, userId, group, limit, cursor }: ListFilter,
): JobPage {
  const before = cursor === undefined ? Infinity : (all.get(cursor)?.order ?? 0);
  const found = [...all.values()]
    .filter(({ order }) => order < before)
    .map(({ record }) => record)
    .filter((job) => state === undefined || job.state === state)
    .filter((job) => type === undefined || job.type === type)
    .filter((job) => queue === undefined || job.queue === queue)
    .filter((job) => userId === undefined || job.userId === userId)
    .filter((job) => group === undefined || job.group === group)
    .reverse();
  const jobs = found.slice(0, limit);
  return { jobs, next: found.length > limit ? (jobs.at(-1)?.id ?? null) : null };
}

export function runningOf({ record, group }: MemoryJob): RunningJob {
  const { id, attempt, type, queue, executor, startedAt, timeoutMs, cancelRequested } = record;
  return {
    ...{ id, attempt, type, queue, timeoutMs, cancelRequested, group },
    ...{ executor: executor ?? '', startedAt: startedAt ?? 0 },
    ...{ jobGroup: record.group, durability: record.durability },
  };
}

export function lanesOf(queued: readonly MemoryJob[]): readonly Lane[] {
  const lanes = queued.map(({ record: { queue, type, group } }) => ({ queue, type, group }));
  const unique = new Map(lanes.map((lane) => [JSON.stringify(lane), lane]));
  return [...unique.values()];
}

export function queuesOf({ jobs, modes }: MemoryTables): readonly QueueCounts[] {
  const live = [...jobs.values()].filter(({ record }) => !isFinished(record.state));
  const names = new Set(['default', ...modes.keys(), ...live.map((job) => job.record.queue)]);
  return [...names].sort().map((name) => ({
    name,
    mode: modes.get(name) ?? 'open',
    counts: countStates(live.filter(({ record }) => record.queue === name)),
  }));
}

export function totalsOf({ jobs, ends }: MemoryTables): Readonly<Record<JobState, number>> {
  const live = countStates(jobs.values());
  const entries = JOB_STATES.map((state) => {
    const n = isFinished(state) ? ends.get(state) : live[state];
    return [state, n ?? 0] as const;
  });
  return Object.fromEntries(entries) as Record<JobState, number>;
}

function countStates(jobs: Iterable<MemoryJob>): Partial<Record<JobState, number>> {
  const counts: Partial<Record<JobState, number>> = {};
  for (const { record } of jobs) counts[record.state] = (counts[record.state] ?? 0) + 1;
  return counts;
}

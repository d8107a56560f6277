/**
 * Gathers what `why` decides by: the job's own record, limits, executors, and its place among those that
 * wait. Reads only, and of each a bounded part. What is said is of this moment: the next one may differ.
 */
import { unknownJob } from '../api/jobs.ts';
import type { WhyView } from '../protocol/why.ts';
import type { AttemptRecord, JobRecord, Lane } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';
import type { LimitRules } from '../queue/limits.ts';
import type { QueueStats } from '../queue/queue-stats.ts';
import { MAX_CRASHES } from '../queue/transitions.ts';
import {
  type BoundedCount,
  type DependencyFact,
  type LastAttempt,
  type LimitFact,
  type WhyFacts,
  whyOf,
} from '../queue/why.ts';
import type { ExecutorFact } from '../queue/why-executors.ts';
import type { JobTypes } from './job-types.ts';
import type { Lanes, Standing } from './lanes.ts';
import { limitsHolding } from './limit-report.ts';
import type { RemoteExecutor } from './remote-executor.ts';
import type { TypeGuard } from './type-guard.ts';
import { stateOf } from './worker-control.ts';

export interface JobWhyParts {
  readonly store: JobStore;
  readonly stats: QueueStats;
  readonly types: JobTypes;
  readonly lanes: Lanes;
  readonly limits: LimitRules;
  readonly typeGuard: Pick<TypeGuard, 'find' | 'views'>;
  readonly executors: () => readonly RemoteExecutor[];
  readonly now: () => number;
}

/** Dependencies that are named, of the unfinished ones. */
const MAX_NAMED = 10;
/** Dependencies that are looked at to find them. */
const MAX_RELATIVES = 1_000;
const MAX_AHEAD = 10_000;
const MAX_TURNS = 1_000;
/** Behind every job of a lane. */
const LAST_PLACE = { id: String(999_999_999_999_999), priority: -1_001 };
const NONE: BoundedCount = { n: 0, isMore: false };

/** @throws TaskbellError E_NOT_FOUND */
export async function gatherWhy(id: string, parts: JobWhyParts): Promise<WhyView> {
  const job = await parts.store.get(id);
  if (job === undefined) throw unknownJob(id);
  const { type, queue, state } = job;
  return { id, type, queue, state, reasons: whyOf(await gatherFacts(job, parts)) };
}

async function gatherFacts(job: JobRecord, parts: JobWhyParts): Promise<WhyFacts> {
  const { store, types, lanes, now } = parts;
  const policy = types.policyOf(job.type);
  const isQueued = job.state === 'queued';
  return {
    now: now(),
    job,
    lastAttempt: lastOf(await store.attempts(job.id), job),
    maxAttempts: (job.retries ?? policy.retries) + 1,
    timeoutMs: job.timeoutMs ?? policy.timeoutMs,
    pid: pidOf(job, parts),
    isPaused: lanes.isPaused(job.queue),
    degraded: parts.typeGuard.find(job.type) ?? null,
    dependencies: await unfinishedOf(job, store),
    limits: isQueued ? await limitsOf(job, parts) : [],
    executors: await executorsFor(job, parts),
    ...(isQueued ? await placeOf(job, parts) : { ahead: NONE, turnsBefore: NONE }),
  };
}

function lastOf(attempts: readonly AttemptRecord[], job: JobRecord): LastAttempt | null {
  const last = attempts.findLast(({ outcome }) => outcome !== 'running');
  if (last !== undefined) {
    const { attempt, outcome } = last;
    return { attempt, outcome, error: job.error?.message ?? last.error?.message ?? null };
  }
  // It ended without a start: its record says why.
  if (job.error === null) return null;
  return { attempt: job.attempt, outcome: job.state, error: job.error.message };
}

function pidOf(job: JobRecord, { executors }: JobWhyParts): number | null {
  const pid = executors().find(({ id }) => id === job.executor)?.process.pid ?? 0;
  return pid > 0 ? pid : null;
}

async function unfinishedOf(job: JobRecord, store: JobStore): Promise<WhyFacts['dependencies']> {
  if (job.state !== 'waiting') return { some: [], total: 0 };
  const { dependencies } = await store.relatives(job.id, MAX_RELATIVES);
  const open = dependencies.filter(({ state }) => !ENDED.has(state)).slice(0, MAX_NAMED);
  const some = await Promise.all(
    open.map(async ({ id, type, state }): Promise<DependencyFact> => {
      const startedAt = state === 'running' ? ((await store.get(id))?.startedAt ?? null) : null;
      return { id, type, state, startedAt };
    }),
  );
  return { some, total: job.waitsFor };
}

const ENDED = new Set(['succeeded', 'failed', 'cancelled']);

async function limitsOf(job: JobRecord, parts: JobWhyParts): Promise<readonly LimitFact[]> {
  const held = await limitsHolding(laneOf(job), parts);
  if (held.length === 0) return [];
  const running = new Map((await parts.store.running()).map((one) => [one.id, one]));
  return held.map(({ jobs, ...block }) => {
    const holders = jobs.flatMap((id) => {
      const one = running.get(id);
      if (one === undefined) return [];
      const { timeoutMs } = one;
      const ofType = parts.types.policyOf(one.type).timeoutMs;
      return { id, startedAt: one.startedAt, timeoutMs: timeoutMs ?? ofType };
    });
    return { ...block, holders };
  });
}

async function executorsFor(
  job: JobRecord,
  { executors, store }: JobWhyParts,
): Promise<readonly ExecutorFact[]> {
  // An executor that is only remembered from before a restart has not said yet what it offers.
  const known = executors().filter(({ connection, types }) => connection || types.size > 0);
  return await Promise.all(known.map((one) => executorFor(job, one, store)));
}

async function executorFor(
  job: JobRecord,
  executor: RemoteExecutor,
  store: JobStore,
): Promise<ExecutorFact> {
  const { process, types, broken, queues, slots, inFlight } = executor;
  const [alone, ...others] = inFlight.keys();
  const isAlone = alone !== undefined && others.length === 0;
  const crashes = isAlone ? ((await store.get(alone))?.crashes ?? 0) : 0;
  return {
    pid: process.pid > 0 ? process.pid : null,
    state: stateOf(executor),
    offers: types.has(job.type),
    problem: broken.find(({ name }) => name === job.type)?.problem ?? null,
    serves: executor.serves(job.queue),
    queues: [...queues],
    slots,
    running: [...inFlight.values()].map(({ type }) => type),
    suspect: isAlone && crashes >= MAX_CRASHES - 1 ? alone : null,
  };
}

async function placeOf(
  job: JobRecord,
  { lanes, stats, executors }: JobWhyParts,
): Promise<Pick<WhyFacts, 'ahead' | 'turnsBefore'>> {
  const lane = laneOf(job);
  // Whoever could run it decides whose turns count.
  const fit = executors().filter((one) => one.types.has(job.type) && one.serves(job.queue));
  const standing = lanes.standingOf(lane, MAX_TURNS, ({ queue, type }) =>
    fit.some((one) => one.types.has(type) && one.serves(queue)),
  );
  const beside = standing.beside.length === 0 ? [lane] : standing.beside;
  const n = await stats.countAhead(beside, job, MAX_AHEAD);
  return { ahead: { n, isMore: n === MAX_AHEAD }, turnsBefore: await turnsIn(standing, stats) };
}

/** Only parties that hold something: the lanes are a superset of what does. */
async function turnsIn({ before }: Standing, stats: QueueStats): Promise<BoundedCount> {
  const counts = await Promise.all(before.map((lanes) => stats.countAhead(lanes, LAST_PLACE, 1)));
  const n = counts.filter((count) => count > 0).length;
  return { n, isMore: before.length === MAX_TURNS };
}

function laneOf({ queue, type, group }: JobRecord): Lane {
  return { queue, type, group };
}

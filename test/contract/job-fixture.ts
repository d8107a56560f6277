/** Jobs, ends and the short sentences that the contract tests are written in. */
import type { LogRow } from '../../src/log/event-log.ts';
import type { Fence } from '../../src/protocol/execute.ts';
import { type AttemptOutcome, JOB_STATES, type JobState } from '../../src/protocol/jobs.ts';
import type { AttemptEnd, ClaimedJob, Lane, NewJob } from '../../src/queue/job.ts';
import type { ClaimRequest, JobStore, JudgedEnd, QueueCounts } from '../../src/queue/job-store.ts';
import { type LimitRules, NO_LIMITS } from '../../src/queue/limits.ts';
import type { RetryPolicy } from '../../src/queue/retry-policy.ts';
import type { Limits } from '../../src/queue/type-policy.ts';
import type { Stores } from './stores.ts';

export const NOW = Date.UTC(2026, 10, 21, 21, 40, 5, 174);
const POLICY: RetryPolicy = {
  retries: 2,
  backoffKind: 'exponential',
  backoffMs: 1_000,
  backoffLimitMs: 60_000,
};
export const MAIL: Lane = { queue: 'default', type: 'mail', group: null };
/** As the log names a job of that lane. */
export const MAIL_NAMES = { type: 'mail', queue: 'default' };

export function newJob(over: Partial<NewJob> = {}): NewJob {
  return {
    ...MAIL,
    payload: '{"to":"ada"}',
    priority: 0,
    runAt: null,
    uniqueKey: null,
    unique: null,
    retries: null,
    backoff: null,
    timeoutMs: null,
    userId: null,
    group: null,
    durability: 'disk',
    ref: null,
    after: [],
    onDependencyFailure: 'fail',
    ...over,
  };
}

export function endOfAttempt(
  fence: Fence,
  outcome: AttemptOutcome,
  over: Partial<AttemptEnd> = {},
): AttemptEnd {
  const failed = outcome !== 'succeeded';
  return {
    id: fence.id,
    attempt: fence.attempt,
    outcome,
    retryable: true,
    retryAfterMs: null,
    result: failed ? null : '{"sent":1}',
    error: failed
      ? { name: 'Error', message: `it was ${outcome}`, stack: 'Error\n    at x' }
      : null,
    events: [],
    durationMs: 12.5,
    cpuMs: null,
    peakBytes: null,
    exitCode: null,
    ...over,
  };
}

export function judged(end: AttemptEnd, over: Partial<JudgedEnd> = {}): JudgedEnd {
  return { end, policy: POLICY, now: NOW + 2_000, random: 0.5, ...over };
}

/** Ends one attempt under the usual policy. */
export async function settle(
  store: JobStore,
  fence: Fence,
  outcome: AttemptOutcome,
  over: Partial<AttemptEnd> = {},
) {
  const [answer] = await store.end([judged(endOfAttempt(fence, outcome, over))]);
  return answer;
}

export async function addOne(store: JobStore, over: Partial<NewJob> = {}): Promise<string> {
  const [outcome] = await store.add([newJob(over)], NOW);
  if (outcome === undefined) throw new Error('nothing was added');
  return outcome.job.id;
}

export interface StatedLimits {
  readonly queue?: Readonly<Record<string, Partial<Limits>>>;
  readonly type?: Readonly<Record<string, Partial<Limits>>>;
}

/** Limits as a test states them. */
export function rules({ queue = {}, type = {} }: StatedLimits = {}): LimitRules {
  return {
    queue: (name) => ({ ...NO_LIMITS, ...queue[name] }),
    type: (name) => ({ ...NO_LIMITS, ...type[name] }),
  };
}

export function claiming(over: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    executor: 'e1',
    lanes: [MAIL],
    limit: 100,
    limits: rules(),
    idle: true,
    now: NOW + 1_000,
    ...over,
  };
}

/** Claims one job of the lane. */
export async function claimOne(
  store: JobStore,
  over: Partial<ClaimRequest> = {},
): Promise<ClaimedJob> {
  const { jobs } = await store.claim(claiming({ limit: 1, ...over }));
  const [job] = jobs;
  if (job === undefined) throw new Error('nothing was there to claim');
  return job;
}

/** Adds a job and claims it. */
export async function startOne(store: JobStore, over: Partial<NewJob> = {}): Promise<ClaimedJob> {
  await addOne(store, over);
  return claimOne(store, { lanes: [{ ...MAIL, ...lanePart(over) }] });
}

function lanePart({ queue, type }: Partial<NewJob>): Partial<Lane> {
  return { ...(queue === undefined ? {} : { queue }), ...(type === undefined ? {} : { type }) };
}

/** All but `waiting`, which takes a second job to be in. */
export const LONE_STATES = JOB_STATES.filter((state) => state !== 'waiting');

/** Brings a fresh job into the state. */
export async function jobIn(store: JobStore, state: JobState): Promise<string> {
  if (state === 'scheduled') return addOne(store, { runAt: NOW + 60_000 });
  if (state === 'queued') return addOne(store);
  const job = await startOne(store);
  if (state === 'retrying') await settle(store, job, 'error');
  if (state === 'succeeded' || state === 'cancelled') await settle(store, job, state);
  if (state === 'failed') await settle(store, job, 'error', { retryable: false });
  return job.id;
}

/** Every row of the log, data parsed. */
export async function rowsOf({ log }: Stores, type?: string, id?: string) {
  const rows = await log.read({ after: '0', limit: 10_000, type, id });
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) }));
}

/** The states that the log tells of one job, in order. */
export async function story(stores: Stores, id: string): Promise<readonly string[]> {
  const rows = await rowsOf(stores, 'job', id);
  return rows.map(({ kind, data }) => (kind === 'end' ? `end: ${data[0].state}` : data[0].state));
}

/** Holds of any log: rising seq without holes, each prev the former row of its topic. */
export function brokenLinks(rows: readonly Pick<LogRow, 'seq' | 'prev' | 'type' | 'id'>[]) {
  const last = new Map<string, string>();
  return rows.filter((row, index) => {
    const topic = JSON.stringify([row.type, row.id]);
    const right = row.seq === String(index + 1) && row.prev === (last.get(topic) ?? null);
    last.set(topic, row.seq);
    return !right;
  });
}

/** Counts of the queues without zeros and without queues that hold nothing and are open. */
export function busyQueues(queues: readonly QueueCounts[]) {
  return queues
    .map(({ counts, ...queue }) => ({
      ...queue,
      counts: Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0)),
    }))
    .filter(({ counts, mode, name }) => {
      return mode !== 'open' || name === 'default' || Object.keys(counts).length > 0;
    });
}

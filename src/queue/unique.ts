/**
 * What an add comes to when a job may hold its unique key. Pure: the store looks for the holder and
 * carries the decision out.
 */
import { TaskbellError } from '../protocol/errors.ts';
import { isFinished, type JobState } from '../protocol/jobs.ts';
import type { NewJob, UniqueRule } from './job.ts';

/** The job that holds the key: unfinished, or ended within its window. */
export interface Holder {
  readonly state: JobState;
  readonly createdAt: number;
  /** When the first of the adds came that are kept until it ends; null when none was. */
  readonly followedSince: number | null;
}

/** `runAt` null: at once. */
export type UniqueDecision =
  | { readonly kind: 'add'; readonly runAt: number | null }
  | { readonly kind: 'keep' }
  | { readonly kind: 'replace'; readonly runAt: number | null }
  | { readonly kind: 'postpone'; readonly runAt: number | null }
  /** Added when the holder has ended. `since`: when the first of them came. */
  | { readonly kind: 'follow'; readonly runAt: number | null; readonly since: number };

export const KEEP_FIRST: UniqueRule = {
  policy: 'keep-first',
  windowMs: null,
  delayMs: 0,
  maxWaitMs: null,
};

type Asked = Pick<NewJob, 'runAt' | 'unique'>;

/** A `reject` never gets here: see `conflictsWith`. */
export function decideUnique(job: Asked, holder: Holder | undefined, now: number): UniqueDecision {
  const rule = job.unique ?? KEEP_FIRST;
  if (holder === undefined) return { kind: 'add', runAt: runAtOf(job, now, now) };
  if (isFinished(holder.state) || keepsHolder(rule)) return { kind: 'keep' };
  // What follows has not started, so it is what a later add takes the place of, whatever the holder does.
  if (holder.followedSince !== null) return follow(job, holder.followedSince, now);
  if (holder.state === 'running') {
    return rule.policy === 'replace' ? { kind: 'keep' } : follow(job, now, now);
  }
  const kind = rule.policy === 'debounce' ? 'postpone' : 'replace';
  return { kind, runAt: runAtOf(job, holder.createdAt, now) };
}

/** The first job of an add whose policy is to fail because its key is held: its place, and who holds it. */
export interface Conflict {
  readonly job: NewJob;
  /** Id of the holder; undefined: a job of the same add. */
  readonly holder: string | undefined;
}

/**
 * Found before anything is written, so that an add is all or none without undoing the work of others
 * that share its transaction.
 */
export function findConflict(
  jobs: readonly NewJob[],
  holderOf: (job: NewJob) => string | undefined,
): Conflict | undefined {
  // Nearly every add has none.
  if (!jobs.some(rejects)) return undefined;
  const earlier = new Set<string>();
  for (const job of jobs) {
    if (job.uniqueKey === null) continue;
    const name = JSON.stringify([job.type, job.uniqueKey]);
    if (rejects(job)) {
      const holder = holderOf(job);
      if (holder !== undefined || earlier.has(name)) return { job, holder };
    }
    earlier.add(name);
  }
  return undefined;
}

export function conflictError({ job, holder }: Conflict): TaskbellError {
  const who = holder === undefined ? 'another job of the same request' : `job ${holder}`;
  const hint =
    holder === undefined
      ? 'Leave one of the two out; nothing was added.'
      : `taskbell job show ${holder} shows it; nothing was added.`;
  return new TaskbellError(
    'E_CONFLICT',
    `The unique key ${job.uniqueKey} of ${job.type} is held by ${who}.`,
    { hint },
  );
}

function rejects({ uniqueKey, unique }: NewJob): boolean {
  return uniqueKey !== null && unique?.policy === 'reject';
}

function keepsHolder({ policy }: UniqueRule): boolean {
  return policy === 'keep-first' || policy === 'throttle' || policy === 'reject';
}

function follow(job: Asked, since: number, now: number): UniqueDecision {
  return { kind: 'follow', since, runAt: runAtOf(job, since, now) };
}

/** @param since when the first of the adds came that end in this run */
function runAtOf({ runAt, unique }: Asked, since: number, now: number): number | null {
  const debounced = unique?.policy === 'debounce';
  const wanted = debounced ? now + unique.delayMs : runAt;
  const latest = debounced && unique.maxWaitMs !== null ? since + unique.maxWaitMs : null;
  const at = wanted !== null && latest !== null ? Math.min(wanted, latest) : wanted;
  return at !== null && at > now ? at : null;
}

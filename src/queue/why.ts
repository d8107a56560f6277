/**
 * What a job is waiting for, in words and as codes: every reason that holds it, or that it is next. Pure:
 * facts in, reasons out. Gathers nothing and changes nothing.
 */
import type { JobState } from '../protocol/jobs.ts';
import type { WhyReason } from '../protocol/why.ts';
import type { JobRecord } from './job.ts';
import type { LimitBlock } from './limits.ts';
import { type ExecutorFact, reasonsOfAbsence, reasonsOfBusyness } from './why-executors.ts';
import { brief, count, iso, list, span, untilIn } from './why-words.ts';

type Subject = Pick<
  JobRecord,
  | 'id'
  | 'type'
  | 'queue'
  | 'state'
  | 'reason'
  | 'group'
  | 'attempt'
  | 'failures'
  | 'crashes'
  | 'runAt'
  | 'startedAt'
  | 'endedAt'
  | 'cancelRequested'
  | 'progress'
>;

export interface DependencyFact {
  readonly id: string;
  /** Null where it was removed since. */
  readonly type: string | null;
  readonly state: JobState;
  /** Epoch milliseconds, of one that runs. */
  readonly startedAt: number | null;
}

export interface HolderFact {
  readonly id: string;
  readonly startedAt: number;
  /** Null: without a limit. */
  readonly timeoutMs: number | null;
}

export interface LimitFact extends LimitBlock {
  /** Running jobs under it, some of them. */
  readonly holders: readonly HolderFact[];
}

export interface DegradedFact {
  readonly deaths: number;
  readonly since: string;
  /** Null: a try is under way, or due. */
  readonly nextTryAt: string | null;
}

/** How the last attempt ended. */
export interface LastAttempt {
  readonly attempt: number;
  readonly outcome: string;
  readonly error: string | null;
}

/** A count that was given up at a bound. */
export interface BoundedCount {
  readonly n: number;
  readonly isMore: boolean;
}

export interface WhyFacts {
  readonly now: number;
  readonly job: Subject;
  readonly lastAttempt: LastAttempt | null;
  /** Attempts that its settings grant. */
  readonly maxAttempts: number;
  /** Time limit of an attempt; 0: none. */
  readonly timeoutMs: number;
  /** Executor of a running attempt; null where it is not of this machine, or not known. */
  readonly pid: number | null;
  readonly isPaused: boolean;
  /** Its type takes executors down; null: it does not. */
  readonly degraded: DegradedFact | null;
  /** Unfinished ones that it depends on, some of them, and how many there are. */
  readonly dependencies: { readonly some: readonly DependencyFact[]; readonly total: number };
  readonly limits: readonly LimitFact[];
  readonly executors: readonly ExecutorFact[];
  /** Queued jobs of its own turn that go first. */
  readonly ahead: BoundedCount;
  /** Groups, or all that is without one, whose turn comes first. */
  readonly turnsBefore: BoundedCount;
}

export function whyOf(facts: WhyFacts): readonly WhyReason[] {
  const { state } = facts.job;
  switch (state) {
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return [finished(facts)];
    case 'running':
      return running(facts);
    case 'queued':
      return queued(facts);
    case 'waiting':
      return [dependencies(facts), ...delayed(facts), ...later(facts)];
    case 'scheduled':
      return [...delayed(facts), ...later(facts)];
    case 'retrying':
      return [retrying(facts), ...later(facts)];
  }
}

function queued(facts: WhyFacts): readonly WhyReason[] {
  const reasons = [
    ...later(facts),
    ...facts.limits.map((limit) => limited(limit, facts)),
    ...reasonsOfBusyness(facts),
    ...turns(facts),
    ...behind(facts),
  ];
  if (reasons.length > 0) return reasons;
  return [{ code: 'next', text: 'nothing holds it: it is next', facts: {} }];
}

/** What would hold it too when its time has come. */
function later(facts: WhyFacts): readonly WhyReason[] {
  const { job, isPaused } = facts;
  const others = [...degraded(facts), ...reasonsOfAbsence(facts)];
  if (!isPaused) return others;
  const text = `the queue ${job.queue} is paused: \`taskbell queue resume ${job.queue}\` opens it`;
  return [{ code: 'queue-paused', text, facts: { queue: job.queue } }, ...others];
}

function degraded({ job: { type }, degraded, now }: WhyFacts): readonly WhyReason[] {
  if (degraded === null) return [];
  const { deaths, since, nextTryAt } = degraded;
  const next =
    nextTryAt === null
      ? 'one is tried at a time now'
      : `one is tried at ${nextTryAt}, ${untilIn(Date.parse(nextTryAt), now)}`;
  const text = `attempts of ${type} have taken ${count(deaths, 'executor')} down: ${next}, and the others wait until one comes back`;
  return [{ code: 'type-degraded', text, facts: { type, deaths, since, nextTryAt } }];
}

function finished({ job, lastAttempt }: WhyFacts): WhyReason {
  const { state, reason, attempt } = job;
  const endedAt = iso(job.endedAt ?? 0);
  const cause = reason === null ? '' : ` (${reason})`;
  const error = state === 'succeeded' ? null : (lastAttempt?.error ?? null);
  const words = error === null ? '' : `: ${brief(error)}`;
  const times = attempt === 0 ? 'without a start' : `after ${count(attempt, 'attempt')}`;
  const text = `it has ended: ${state}${cause} at ${endedAt}, ${times}${words}`;
  return { code: 'finished', text, facts: { state, reason, endedAt, attempts: attempt, error } };
}

function running({ job, pid, now, timeoutMs }: WhyFacts): readonly WhyReason[] {
  const { attempt, startedAt, progress, cancelRequested } = job;
  const since = startedAt ?? now;
  const where = pid === null ? 'an executor' : `executor ${pid}`;
  const until = timeoutMs > 0 ? iso(since + timeoutMs) : null;
  const limit = until === null ? '' : `, until ${until} at the latest`;
  const message = progress?.message === undefined ? '' : `: ${brief(progress.message)}`;
  const text = `attempt ${attempt} runs in ${where} since ${iso(since)}, for ${span(now - since)}${limit}${message}`;
  const facts = { attempt, pid, since: iso(since), until, progress: progress && { ...progress } };
  const reason: WhyReason = { code: 'running', text, facts };
  if (!cancelRequested) return [reason];
  const cancelling = 'it was told to stop, and its handler has not let go yet';
  return [reason, { code: 'cancelling', text: cancelling, facts: {} }];
}

function dependencies({ dependencies: { some, total } }: WhyFacts): WhyReason {
  const words = some.map(
    ({ id, type, state, startedAt }) =>
      `${id}${type === null ? '' : ` (${type})`} ${startedAt === null ? `is ${state}` : `runs since ${iso(startedAt)}`}`,
  );
  const text = `it waits for ${count(total, 'job')}: ${list(words, total - some.length)}`;
  const jobs = some.map(({ id, type, state }) => ({ id, type, state }));
  return { code: 'dependencies', text, facts: { unfinished: total, jobs } };
}

function delayed({ job: { runAt, state }, now }: WhyFacts): readonly WhyReason[] {
  if (runAt === null) return [];
  const at = iso(runAt);
  const not = state === 'waiting' ? 'it runs not before' : 'its time has not come: it runs at';
  const text = `${not} ${at}, ${untilIn(runAt, now)}`;
  return [{ code: 'delayed', text, facts: { runAt: at } }];
}

function retrying({ job, lastAttempt, maxAttempts, now }: WhyFacts): WhyReason {
  const runAt = iso(job.runAt ?? now);
  const next = `the next attempt is at ${runAt}, ${untilIn(job.runAt ?? now, now)}`;
  const error = lastAttempt?.error ?? null;
  const left = Math.max(0, maxAttempts - job.failures);
  const facts = { attempt: job.attempt, outcome: lastAttempt?.outcome ?? null, error, runAt, left };
  const text =
    lastAttempt?.outcome === 'snoozed'
      ? `attempt ${job.attempt} asked to be called again later; ${next}`
      : `attempt ${job.attempt} failed${error === null ? '' : ` with "${brief(error)}"`}; ${next} (${left} of ${maxAttempts} left)`;
  return { code: 'retrying', text, facts };
}

function limited(limit: LimitFact, { now }: WhyFacts): WhyReason {
  const { key, until } = limit;
  if (limit.kind === 'rate') {
    const at = iso(until ?? now);
    const text = `${key} has started ${limit.limit}, its limit: the next may start at ${at}, ${untilIn(until ?? now, now)}`;
    return { code: 'rate', text, facts: { key, limit: limit.limit, until: at } };
  }
  const { holders } = limit;
  const most = Number(limit.limit);
  const by = holders.map(({ id, startedAt }) => `${id} (since ${iso(startedAt)})`);
  const more = Math.max(0, most - holders.length);
  const expected = expectedBy(holders);
  const latest = expected === null ? '' : `; one of them ends at ${expected} at the latest`;
  const text = `${key} runs ${most} at once at most, held by ${by.length === 1 && more === 0 ? 'job' : 'jobs'} ${list(by, more)}${latest}`;
  const jobs = holders.map(({ id, startedAt }) => ({ id, since: iso(startedAt) }));
  return { code: 'concurrency', text, facts: { key, limit: most, jobs, until: expected } };
}

/** When the first of them reaches its time limit. */
function expectedBy(holders: readonly HolderFact[]): string | null {
  const ends = holders.flatMap(({ startedAt, timeoutMs }) =>
    timeoutMs === null || timeoutMs === 0 ? [] : [startedAt + timeoutMs],
  );
  return ends.length === 0 ? null : iso(Math.min(...ends));
}

function turns({ job: { group }, turnsBefore }: WhyFacts): readonly WhyReason[] {
  const { n, isMore } = turnsBefore;
  if (n === 0) return [];
  const whose = group === null ? 'the jobs without a group' : `its group ${group}`;
  const many = `${isMore ? 'more than ' : ''}${count(n, 'other')}`;
  const text = `${many} ${n === 1 ? 'has its' : 'have their'} turn before ${whose}`;
  return [{ code: 'turns', text, facts: { group, before: n, isMore } }];
}

function behind({ ahead: { n, isMore } }: WhyFacts): readonly WhyReason[] {
  if (n === 0) return [];
  const many = `${isMore ? 'more than ' : ''}${count(n, 'job')}`;
  const text = `${many} of higher priority, or older, ${n === 1 ? 'is' : 'are'} before it`;
  return [{ code: 'behind', text, facts: { jobs: n, isMore } }];
}

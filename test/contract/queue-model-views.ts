/** How the model and a store are compared: both in the same words, and the difference line by line. Pure. */
import type { LogRow } from '../../src/log/event-log.ts';
import type { JobState } from '../../src/protocol/jobs.ts';
import type { ClaimedJob, JobRecord } from '../../src/queue/job.ts';
import { type PlainEnd, type PlainJob, type PlainRow, waitsFor } from './queue-model-job.ts';
import { type PlainRule, TOKEN_MS } from './queue-model-turns.ts';

/** The end of the attempt that runs. */
export function endOf({ id, attempt }: PlainJob): PlainEnd {
  const plain = { contained: false, retryable: true, emits: false };
  return { id, attempt, outcome: 'succeeded', ...plain };
}

export function numberOf(id: string): number {
  return Number(id.replace(/^m/, ''));
}

export function byNumber(a: number, b: number): number {
  return a - b;
}

/** Limits as the stores are told them. */
export function statedOf(limits: readonly PlainRule[]) {
  const stated: Record<'queue' | 'type', Record<string, object>> = { queue: {}, type: {} };
  for (const { on, name, perGroup, concurrency, burst } of limits) {
    const rate = burst === null ? null : { count: burst, perMs: burst * TOKEN_MS };
    const own = perGroup
      ? { groupConcurrency: concurrency, groupRate: rate }
      : { concurrency, rate };
    stated[on][name] = { ...stated[on][name], ...own };
  }
  return stated;
}

export function wordsOf({ on, name, perGroup, concurrency, burst }: PlainRule): string {
  const of = `${on} ${name}${perGroup ? ', each group' : ''}`;
  return `limit of ${of}: ${concurrency ?? 'any number'} at once, bucket of ${burst ?? 'any size'}`;
}

export function seenOf(job: JobRecord) {
  const { type, queue, group, priority, payload, state, reason, runAt, attempt, uniqueKey } = job;
  const { failures, crashes, cancelRequested, waitsFor: waits, createdAt, endedAt } = job;
  const facts = { type, queue, group, priority, payload, state, reason, runAt, attempt, uniqueKey };
  const more = { failures, crashes, cancelRequested, waits, createdAt, endedAt };
  return [`job ${numberOf(job.id)}`, { ...facts, ...more, executor: job.executor }] as const;
}

export function viewOf(job: PlainJob) {
  const { type, group, priority, payload, unique } = job.ask;
  const { queue, state, reason, runAt, attempt, failures, crashes, cancelRequested } = job;
  const facts = { type, queue, group, priority, payload, state, reason, runAt, attempt };
  const waits = state === 'waiting' ? waitsFor(job) : 0;
  const { createdAt, endedAt, executor } = job;
  const more = { failures, crashes, cancelRequested, waits, createdAt, endedAt, executor };
  return [`job ${job.id}`, { ...facts, uniqueKey: unique?.key ?? null, ...more }] as const;
}

/** A claimed job, and how those have ended that it depends on. */
export function claimedOf({ dependencies, ...job }: ClaimedJob) {
  const { type, queue, group, payload, attempt, failures } = job;
  const { total, succeeded, failed, cancelled } = JSON.parse(dependencies ?? '{"total":0}');
  const facts = { type, queue, group, payload, attempt, failures, total };
  return total === 0 ? facts : { ...facts, succeeded, failed, cancelled };
}

export function handedOf({ queue, attempt, failures, ask, parents }: PlainJob) {
  const { type, group, payload } = ask;
  const ends = (state: JobState) => [...parents.values()].filter((end) => end === state).length;
  const facts = { type, queue, group, payload, attempt, failures, total: parents.size };
  const [succeeded, failed, cancelled] = [ends('succeeded'), ends('failed'), ends('cancelled')];
  return parents.size === 0 ? facts : { ...facts, succeeded, failed, cancelled };
}

const TOLD = ['state', 'type', 'queue', 'attempt', 'runAt', 'unique', 'reason'];

export function saidBy({ data }: LogRow): PlainRow['says'] {
  const [first = {}] = JSON.parse(data) as Record<string, string | number>[];
  const said = TOLD.filter((word) => word in first).map((word) => {
    const value = first[word] ?? '';
    return [word, word === 'runAt' ? Date.parse(String(value)) : value] as const;
  });
  return Object.fromEntries(said);
}

/** In words, one line for each leaf: `job 3 state: running, and the model says queued`. */
export function differences(what: string, got: unknown, expected: unknown): readonly string[] {
  if (isTree(got) && isTree(expected)) {
    const keys = [...new Set([...Object.keys(got), ...Object.keys(expected)])];
    return keys.flatMap((key) => differences(`${what}, ${key}`, got[key], expected[key]));
  }
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  return a === b ? [] : [`${what}: the store says ${a}, the model ${b}`];
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

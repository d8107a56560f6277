import { describe, expect, it } from 'vitest';
import { BULK_VERBS, type JobFilter } from '../../src/protocol/bulk.ts';
import { JOB_STATES } from '../../src/protocol/jobs.ts';
import { type FilteredFacts, fits, resolveFilter } from '../../src/queue/job-filter.ts';

const NOW = Date.UTC(2026, 10, 22, 10);

const JOB: FilteredFacts = {
  id: '7',
  state: 'failed',
  type: 'mail',
  queue: 'default',
  group: 'acme',
  userId: 'ada',
  createdAt: NOW - 7_200_000,
  endedAt: NOW - 3_600_000,
  errorMessage: 'connect ECONNREFUSED 10.0.0.7',
};

const fitting = (filter: JobFilter, job: Partial<FilteredFacts> = {}) =>
  fits(resolveFilter('export', { state: [...JOB_STATES], ...filter }, NOW), { ...JOB, ...job });

describe('a filter', () => {
  it.each<[JobFilter, JobFilter]>([
    [{ state: ['queued', 'failed'] }, { state: ['queued', 'cancelled'] }],
    [{ type: 'mail' }, { type: 'scan' }],
    [{ queue: 'default' }, { queue: 'fast' }],
    [{ group: 'acme' }, { group: 'globex' }],
    [{ userId: 'ada' }, { userId: 'bob' }],
    [{ createdBefore: '2026-11-22T08:00:00.001Z' }, { createdBefore: '2026-11-22T08:00:00Z' }],
    [{ createdAfter: '2026-11-22T07:59:59.999Z' }, { createdAfter: '2026-11-22T08:00:00Z' }],
    [{ olderThanMs: 3_600_000 }, { olderThanMs: 3_600_001 }],
    [{ error: 'ECONNREFUSED' }, { error: 'ETIMEDOUT' }],
  ])('%j takes the job, %j does not', (taking, leaving) => {
    expect(fitting(taking)).toBe(true);
    expect(fitting(leaving)).toBe(false);
    expect(fitting({ ...taking, ...leaving, userId: 'bob' })).toBe(false);
  });

  it('counts the age of an unfinished job from its add', () => {
    const queued = { state: 'queued', endedAt: null, errorMessage: null } as const;
    expect(fitting({ olderThanMs: 7_200_000 }, queued)).toBe(true);
    expect(fitting({ olderThanMs: 7_200_001 }, queued)).toBe(false);
    expect(fitting({ error: 'E' }, queued)).toBe(false);
  });

  it('without a state means what the verb is for, and never asks for the end of what succeeded', () => {
    const states = (verb: (typeof BULK_VERBS)[number]) => [
      ...resolveFilter(verb, { type: 'mail' }, NOW).states,
    ];
    expect(states('retry')).toEqual(['failed']);
    expect(states('cancel')).toEqual(['waiting', 'scheduled', 'queued', 'retrying', 'running']);
    expect(states('move')).toEqual(['waiting', 'scheduled', 'queued', 'retrying']);
    expect(states('purge')).toEqual(['waiting', 'scheduled', 'queued', 'retrying']);
  });

  it('with ids alone leaves no named job out', () => {
    expect([...resolveFilter('retry', { ids: ['1'] }, NOW).states]).toEqual([...JOB_STATES]);
  });

  it.each(BULK_VERBS)('%s refuses one that says nothing', (verb) => {
    expect(() => resolveFilter(verb, {}, NOW)).toThrow('the filter says nothing');
  });

  it.each([
    ['retry', 'queued'],
    ['cancel', 'failed'],
    ['move', 'running'],
    ['purge', 'running'],
  ] as const)('%s refuses the state %s', (verb, state) => {
    expect(() => resolveFilter(verb, { state: [state] }, NOW)).toThrow(
      `${verb} does nothing to ${state} jobs`,
    );
  });
});

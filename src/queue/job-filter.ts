/** Which jobs a change of many is about. Pure; the stores look for jobs, and ask here whether one fits. */
import type { BulkVerb, JobFilter } from '../protocol/bulk.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { isFinished, JOB_STATES, type JobState } from '../protocol/jobs.ts';
import type { JobRecord } from './job.ts';

/** A filter with every word decided. Times are epoch milliseconds. */
export interface JobCriteria {
  readonly ids: readonly string[] | null;
  readonly states: ReadonlySet<JobState>;
  readonly type: string | null;
  readonly queue: string | null;
  readonly group: string | null;
  readonly userId: string | null;
  readonly createdBefore: number | null;
  readonly createdAfter: number | null;
  /** Ended or, while unfinished, added before. */
  readonly settledBefore: number | null;
  readonly error: string | null;
}

/** What a decision about a job needs to know of it. */
export type FilteredFacts = Pick<
  JobRecord,
  'id' | 'state' | 'type' | 'queue' | 'group' | 'userId' | 'createdAt' | 'endedAt'
> & { readonly errorMessage: string | null };

type Verb = BulkVerb | 'export';

const HELD: readonly JobState[] = ['waiting', 'scheduled', 'queued', 'retrying'];
const ENDED = JOB_STATES.filter(isFinished);

/** What each verb can do something about. */
const POSSIBLE: Readonly<Record<Verb, readonly JobState[]>> = {
  retry: ['failed', 'cancelled'],
  cancel: [...HELD, 'running'],
  move: HELD,
  purge: [...HELD, ...ENDED],
  export: JOB_STATES,
};

/** What is meant when nobody says a state: what cannot be had back is to be asked for. */
const USUAL: Readonly<Record<Verb, readonly JobState[]>> = {
  retry: ['failed'],
  cancel: [...HELD, 'running'],
  move: HELD,
  purge: HELD,
  export: HELD,
};

/** @throws TaskbellError E_INVALID_REQUEST for a state that the verb does nothing about, and for no condition at all */
export function resolveFilter(verb: Verb, filter: JobFilter, now: number): JobCriteria {
  const given = Object.values(filter).filter((value) => value !== undefined);
  if (given.length === 0 && verb !== 'export') throw nothingGiven(verb);
  const { ids, type, queue, group, userId, olderThanMs, error } = filter;
  return {
    ids: ids === undefined ? null : [...new Set(ids)],
    states: statesOf(verb, filter),
    type: type ?? null,
    queue: queue ?? null,
    group: group ?? null,
    userId: userId ?? null,
    createdBefore: timeOf(filter.createdBefore),
    createdAfter: timeOf(filter.createdAfter),
    settledBefore: olderThanMs === undefined ? null : now - olderThanMs,
    error: error ?? null,
  };
}

/** Whether the job is one of those that the criteria describe, whichever ids they name. */
export function fits(criteria: JobCriteria, job: FilteredFacts): boolean {
  const { type, queue, group, userId, error } = criteria;
  return (
    criteria.states.has(job.state) &&
    (type === null || type === job.type) &&
    (queue === null || queue === job.queue) &&
    (group === null || group === job.group) &&
    (userId === null || userId === job.userId) &&
    fitsTimes(criteria, job) &&
    (error === null || (job.errorMessage?.includes(error) ?? false))
  );
}

export function factsOf(job: JobRecord): FilteredFacts {
  return { ...job, errorMessage: job.error?.message ?? null };
}

function fitsTimes(
  { createdBefore, createdAfter, settledBefore }: JobCriteria,
  { createdAt, endedAt }: FilteredFacts,
): boolean {
  return (
    (createdBefore === null || createdAt < createdBefore) &&
    (createdAfter === null || createdAt > createdAfter) &&
    (settledBefore === null || (endedAt ?? createdAt) <= settledBefore)
  );
}

function statesOf(verb: Verb, { state, ids }: JobFilter): ReadonlySet<JobState> {
  // Of jobs that are named one by one each is answered for, whatever it is.
  if (state === undefined) return new Set(ids === undefined ? USUAL[verb] : JOB_STATES);
  const impossible = state.find((one) => !POSSIBLE[verb].includes(one));
  if (impossible === undefined) return new Set(state);
  throw new TaskbellError(
    'E_INVALID_REQUEST',
    `${verb} does nothing to ${impossible} jobs: expected a state of ${POSSIBLE[verb].join(', ')}.`,
    { hint: verb === 'purge' ? 'Cancel what runs first.' : 'Leave the state out.' },
  );
}

function timeOf(text: string | undefined): number | null {
  return text === undefined ? null : Date.parse(text);
}

function nothingGiven(verb: Verb): TaskbellError {
  return new TaskbellError('E_INVALID_REQUEST', `${verb}: the filter says nothing.`, {
    hint: 'Name ids, a state, a type, a queue … What is meant for all jobs says so by a state.',
  });
}

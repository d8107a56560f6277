/** Finds the jobs that fit a filter, a few at a time; between two looks everybody else has their turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TaskbellError } from '../protocol/errors.ts';
import { factsOf, fits, type JobCriteria } from '../queue/job-filter.ts';
import type { JobStore } from '../queue/job-store.ts';
import { nextSize, type PaceBounds } from './pace.ts';

const LOOK: PaceBounds = { least: 10, most: 2_000, targetMs: 10 };
const IDS_AT_ONCE = 500;

export interface WalkParts {
  readonly store: Pick<JobStore, 'scan' | 'get'>;
  /** Milliseconds that only go up. */
  readonly nowMono: () => number;
  readonly signal: AbortSignal;
}

export interface FoundJobs {
  readonly found: readonly { readonly id: string; readonly position: string }[];
  readonly next: string | null;
}

/**
 * @param after where to go on, from a page or a job before
 * @throws TaskbellError E_UNAVAILABLE when the signal is aborted
 */
export async function* walkJobs(
  parts: WalkParts,
  criteria: JobCriteria,
  after: string | null = null,
): AsyncGenerator<FoundJobs> {
  const { store, nowMono, signal } = parts;
  if (criteria.ids !== null) {
    yield* walkIds(parts, criteria, after);
    return;
  }
  let limit = LOOK.least;
  for (let position = after; ; ) {
    if (signal.aborted) throw stoppedHalfWay();
    const startedMono = nowMono();
    const page = await store.scan({ criteria, after: position, limit });
    limit = nextSize(limit, nowMono() - startedMono, LOOK);
    if (page.found.length > 0 || page.next === null) yield page;
    if (page.next === null) return;
    position = page.next;
    await nextTurn();
  }
}

/** Whoever asked is gone, or the daemon stops. */
export function stoppedHalfWay(): TaskbellError {
  return new TaskbellError('E_UNAVAILABLE', 'It was stopped half-way.', {
    hint: 'Ask again: what is done already is not done twice.',
  });
}

/** Jobs that are named: one that is not there is found all the same, so that it is answered for. */
async function* walkIds(
  { store, signal }: WalkParts,
  criteria: JobCriteria,
  after: string | null,
): AsyncGenerator<FoundJobs> {
  const ids = criteria.ids ?? [];
  for (let start = after === null ? 0 : Number(after) || 0; ; start += IDS_AT_ONCE) {
    if (signal.aborted) throw stoppedHalfWay();
    const some = ids.slice(start, start + IDS_AT_ONCE);
    const jobs = await Promise.all(some.map((id) => store.get(id)));
    const found = some
      .map((id, index) => ({ id, position: String(start + index + 1) }))
      .filter((_, index) => {
        const job = jobs[index];
        return job === undefined || fits(criteria, factsOf(job));
      });
    const end = start + IDS_AT_ONCE;
    const next = end < ids.length ? String(end) : null;
    yield { found, next };
    if (next === null) return;
    await nextTurn();
  }
}

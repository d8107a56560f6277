/** A batch as what it is: jobs, and one more that runs when all of them have ended. Pure. */
import type { BatchRequest, JobRequest } from '../protocol/jobs.ts';

/**
 * @returns the jobs in their order, then the callback. Jobs without a ref get one: the callback names each
 *   of them.
 */
export function batchJobs({ jobs, callback }: BatchRequest): readonly JobRequest[] {
  const taken = new Set(jobs.flatMap(({ ref }) => ref ?? []));
  const named = jobs.map((job, index): JobRequest & { readonly ref: string } => {
    return { ...job, ref: job.ref ?? freeName(`${index + 1}`, taken) };
  });
  const after = [...named.map(({ ref }) => ref), ...(callback.after ?? [])];
  return [...named, { onDependencyFailure: 'continue', ...callback, after }];
}

/** No name of a job, so that `after` may name jobs of other requests by their ids. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  const marked = `#${name}`;
  return taken.has(marked) ? freeName(marked, taken) : marked;
}

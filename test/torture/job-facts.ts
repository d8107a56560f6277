/**
 * What is known of a job by its id, whether its record is still there or not: from the database, or else
 * from the add that was accepted. Pure.
 */
import type { Evidence } from './evidence.ts';

export interface JobFacts {
  readonly type: string;
  readonly queue: string | null;
  readonly group: string | null;
  readonly uniqueKey: string | null;
}

/** By id. A job whose add was never answered and whose record is gone is not in it. */
export function factsOfJobs(
  evidence: Pick<Evidence, 'jobs' | 'accepted' | 'attempted'>,
): ReadonlyMap<string, JobFacts> {
  const asked = new Map(evidence.attempted.map((add) => [add.n, add]));
  const facts = new Map<string, JobFacts>();
  for (const { n, id } of evidence.accepted) {
    const add = asked.get(n);
    if (add !== undefined) facts.set(id, add);
  }
  for (const job of evidence.jobs) facts.set(job.id, job);
  return facts;
}

/** The last word of the log on each job. */
export function lastStates(log: Evidence['log']): ReadonlyMap<string, string | null> {
  return new Map(log.flatMap(({ type, id, state }) => (type === 'job' ? [[id, state]] : [])));
}

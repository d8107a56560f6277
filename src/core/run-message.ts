/** The `run` message of the executor protocol, with payloads written as the text they are stored as. Pure. */
import type { Assignment } from '../protocol/execute.ts';
import type { ClaimedJob } from '../queue/job.ts';

export function renderRun(
  jobs: readonly ClaimedJob[],
  limits: readonly { readonly timeoutMs: number }[],
): string {
  const attempts = jobs.map((job, index) => renderAssignment(job, limits[index]?.timeoutMs ?? 0));
  return `{"kind":"run","attempts":[${attempts.join(',')}]}`;
}

function renderAssignment(job: ClaimedJob, timeoutMs: number): string {
  const facts: Omit<Assignment, 'payload'> = {
    id: job.id,
    attempt: job.attempt,
    type: job.type,
    queue: job.queue,
    userId: job.userId,
    group: job.group,
    createdAt: job.createdAt,
    timeoutMs,
    failures: job.failures,
  };
  return `${JSON.stringify(facts).slice(0, -1)},"payload":${job.payload}}`;
}

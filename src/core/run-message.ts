/** The `run` message of the executor protocol, with payloads and results written as the text they are stored as. Pure. */
import type { Assignment } from '../protocol/execute.ts';
import type { ClaimedJob } from '../queue/job.ts';

/** UTF-16 units: far below what one string may hold, however much is handed down to many slots at once. */
const MAX_MESSAGE_LENGTH = 64 * 1_048_576;

/** @returns one message, or several where one would be too long */
export function renderRun(
  jobs: readonly ClaimedJob[],
  limits: readonly { readonly timeoutMs: number }[],
  maxLength = MAX_MESSAGE_LENGTH,
): readonly string[] {
  const messages: string[][] = [[]];
  let length = 0;
  for (const [index, job] of jobs.entries()) {
    const text = renderAssignment(job, limits[index]?.timeoutMs ?? 0);
    length += text.length;
    if (length > maxLength && length > text.length) {
      messages.push([]);
      length = text.length;
    }
    messages.at(-1)?.push(text);
  }
  return messages.map((attempts) => `{"kind":"run","attempts":[${attempts.join(',')}]}`);
}

function renderAssignment(job: ClaimedJob, timeoutMs: number): string {
  const facts: Omit<Assignment, 'payload' | 'dependencies'> = {
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
  const dependencies = job.dependencies === null ? '' : `,"dependencies":${job.dependencies}`;
  return `${JSON.stringify(facts).slice(0, -1)},"payload":${job.payload}${dependencies}}`;
}

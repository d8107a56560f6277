/** The `run` message of the executor protocol, with payloads and results written as the text they are stored as. Pure. */
import { quoteName } from '../protocol/json.ts';
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

/** By hand: it is written for each attempt. Its keys are those of `Assignment`. */
function renderAssignment(job: ClaimedJob, timeoutMs: number): string {
  const { id, attempt, type, queue, userId, group, createdAt, failures } = job;
  const what = `"id":${quoteName(id)},"attempt":${attempt},"type":${quoteName(type)}`;
  const whose = `"queue":${quoteName(queue)},"userId":${orNull(userId)},"group":${orNull(group)}`;
  const facts = `"createdAt":${createdAt},"timeoutMs":${timeoutMs},"failures":${failures}`;
  const dependencies = job.dependencies === null ? '' : `,"dependencies":${job.dependencies}`;
  return `{${what},${whose},${facts},"payload":${job.payload}${dependencies}}`;
}

function orNull(name: string | null): string {
  return name === null ? 'null' : quoteName(name);
}

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
  // Most of a batch are of one type and queue: their names are written once.
  let lane: Pick<ClaimedJob, 'type' | 'queue'> | undefined;
  let names = '';
  for (const [index, job] of jobs.entries()) {
    if (job.type !== lane?.type || job.queue !== lane.queue) {
      lane = job;
      names = `"type":${quoteName(job.type)},"queue":${quoteName(job.queue)}`;
    }
    const text = renderAssignment(job, names, limits[index]?.timeoutMs ?? 0);
    length += text.length;
    if (length > maxLength && length > text.length) {
      messages.push([]);
      length = text.length;
    }
    messages.at(-1)?.push(text);
  }
  return messages.map((attempts) => `{"kind":"run","attempts":[${attempts.join(',')}]}`);
}

/** By hand: it is written for each attempt. Ids are digits, which need no escapes. Its keys are those of `Assignment`. */
function renderAssignment(job: ClaimedJob, names: string, timeoutMs: number): string {
  const { id, attempt, userId, group, createdAt, failures, payload } = job;
  const whose = `"userId":${orNull(userId)},"group":${orNull(group)},"createdAt":${createdAt}`;
  const trace = job.traceparent === undefined ? '' : `,"traceparent":"${job.traceparent}"`;
  const dependencies = job.dependencies === null ? '' : `,"dependencies":${job.dependencies}`;
  return `{"id":"${id}","attempt":${attempt},${names},${whose},"timeoutMs":${timeoutMs},"failures":${failures},"payload":${payload}${dependencies}${trace}}`;
}

function orNull(name: string | null): string {
  return name === null ? 'null' : quoteName(name);
}

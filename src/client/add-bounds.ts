/**
 * The bounds of an add, looked at before anything is sent: what the daemon would refuse need not travel.
 */
import { TaskbellError } from '../protocol/errors.ts';
import { MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';
import type { Json } from '../protocol/json.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_JOBS } from './gatherer.ts';

/** @throws TaskbellError E_PAYLOAD_TOO_LARGE */
export function checkPayload(type: string, text: string, payload: Json): void {
  // The whole request is longer than its payload: only a long one needs the exact count.
  if (text.length * 3 <= MAX_PAYLOAD_BYTES) return;
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes <= MAX_PAYLOAD_BYTES) return;
  throw new TaskbellError(
    'E_PAYLOAD_TOO_LARGE',
    `The payload of ${type} has ${bytes} bytes of JSON, expected at most ${MAX_PAYLOAD_BYTES}.`,
    { hint: 'Write the data to a file and pass its path.' },
  );
}

/** @throws TaskbellError E_PAYLOAD_TOO_LARGE */
export function checkBatch(count: number, bytes: number): void {
  if (count <= MAX_BATCH_JOBS && bytes <= MAX_BATCH_BYTES) return;
  throw new TaskbellError(
    'E_PAYLOAD_TOO_LARGE',
    `A batch of ${count} jobs with ${bytes} bytes, expected at most ${MAX_BATCH_JOBS} jobs and ${MAX_BATCH_BYTES} bytes.`,
    { hint: 'Add them in several calls.' },
  );
}

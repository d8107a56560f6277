/** What an `Idempotency-Key` may be, for whichever request it guards. */
import { TaskbellError } from '../protocol/errors.ts';

const MAX_KEY_BYTES = 256;

/** @throws TaskbellError E_INVALID_REQUEST */
export function checkKey(key: string): string {
  if (Buffer.byteLength(key) <= MAX_KEY_BYTES) return key;
  throw new TaskbellError(
    'E_INVALID_REQUEST',
    `An Idempotency-Key has at most ${MAX_KEY_BYTES} bytes, got ${Buffer.byteLength(key)}.`,
    { hint: 'A UUID is a good key.' },
  );
}

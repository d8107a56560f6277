/** Values as the JSON text of a request. */
import { TaskbellError } from '../protocol/errors.ts';

/** @throws TaskbellError E_INVALID_REQUEST where the value is nested too deeply to be written */
export function toText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new TaskbellError('E_INVALID_REQUEST', 'The JSON is nested too deeply to be sent.', {
      hint: 'Make it flatter, or write it to a file and pass its path.',
      cause,
    });
  }
}

/** What came over the API, as the JSON text that is stored: within the bound, or refused. Pure. */
import { TaskbellError } from '../protocol/errors.ts';
import { MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';

/** @param what names the value in messages: "The payload of mail" */
export function renderBounded(value: unknown, what: string): string {
  const text = render(value, what);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw new TaskbellError(
      'E_PAYLOAD_TOO_LARGE',
      `${what} has ${bytes} bytes; ${MAX_PAYLOAD_BYTES} are allowed.`,
      { hint: 'Store the data elsewhere and put its address in its place.' },
    );
  }
  return text;
}

function render(value: unknown, what: string): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    // JSON.parse takes any depth, JSON.stringify ends where the stack does.
    throw new TaskbellError('E_INVALID_REQUEST', `${what} is nested too deeply.`, {
      hint: 'Flatten it, or send it as text.',
      cause,
    });
  }
}

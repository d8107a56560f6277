/** What the daemon answered, where it is no success, as the error that a caller sees. Pure. */
import { isErrorCode, type Problem, TaskbellError } from '../protocol/errors.ts';

/** @param text the body as it came; a problem of ours, or whatever a proxy in between says */
export function errorOfText(status: number, text: string): TaskbellError {
  return errorOf(status, parse(text), text);
}

/** @param body the answer's body, parsed */
export function errorOf(status: number, body: unknown, text = String(body)): TaskbellError {
  if (isProblem(body)) return new TaskbellError(body.code, body.title, { hint: body.hint });
  const code = status < 500 ? 'E_INVALID_REQUEST' : 'E_INTERNAL';
  return new TaskbellError(code, `The daemon answered with ${status}: ${text.slice(0, 200)}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not from our control server: the caller shows the text as it came.
    return undefined;
  }
}

function isProblem(value: unknown): value is Problem {
  const problem = value as Partial<Problem> | null | undefined;
  return isErrorCode(problem?.code) && typeof problem?.title === 'string';
}

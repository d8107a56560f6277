/** The one error class of `taskbell/events`. Its codes are those of docs/errors.md. */
import type { ErrorCode } from '../protocol/errors.ts';

/** `message` names the thing, what was expected and what was got; `hint` says what to do next. */
export class EventsError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, hint?: string) {
    super(message);
    this.name = 'EventsError';
    this.code = code;
    this.hint = hint;
  }
}

/**
 * The one error class of Taskbell and its closed list of codes.
 *
 * Each code has the exit code that a command ends with (sysexits, house style) and the HTTP
 * status that the control API answers with; each has a heading in docs/errors.md.
 */

interface ErrorCodeFacts {
  readonly exitCode: number;
  readonly status: number;
}

export const ERROR_CODES = {
  E_USAGE: { exitCode: 64, status: 400 },
  E_INVALID_REQUEST: { exitCode: 65, status: 400 },
  E_INVALID_JSON: { exitCode: 65, status: 400 },
  E_PAYLOAD_TOO_LARGE: { exitCode: 65, status: 413 },
  E_PAYLOAD_INVALID: { exitCode: 65, status: 422 },
  E_UNKNOWN_TYPE: { exitCode: 65, status: 422 },
  E_UNKNOWN_EVENT_TYPE: { exitCode: 65, status: 422 },
  E_HANDLER: { exitCode: 65, status: 422 },
  E_CONFLICT: { exitCode: 65, status: 409 },
  E_DATABASE_INVALID: { exitCode: 65, status: 500 },
  E_DATABASE_NEWER: { exitCode: 65, status: 500 },
  E_INPUT_FILE: { exitCode: 66, status: 400 },
  E_NOT_FOUND: { exitCode: 66, status: 404 },
  E_DAEMON_UNREACHABLE: { exitCode: 69, status: 503 },
  E_INTERNAL: { exitCode: 70, status: 500 },
  E_RUNTIME: { exitCode: 70, status: 500 },
  E_CANNOT_CREATE: { exitCode: 73, status: 500 },
  E_PORT_IN_USE: { exitCode: 73, status: 500 },
  E_IO: { exitCode: 74, status: 500 },
  E_DISK_FULL: { exitCode: 74, status: 507 },
  E_OWNED: { exitCode: 75, status: 503 },
  E_UNAVAILABLE: { exitCode: 75, status: 503 },
  E_TIMEOUT: { exitCode: 75, status: 504 },
  E_UNAUTHORIZED: { exitCode: 77, status: 401 },
  E_FORBIDDEN: { exitCode: 77, status: 403 },
  E_TOKEN_INVALID: { exitCode: 77, status: 401 },
  E_TOKEN_EXPIRED: { exitCode: 77, status: 401 },
  E_CONFIG: { exitCode: 78, status: 500 },
  E_KEY_FILE: { exitCode: 78, status: 500 },
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** What to do next, one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Every failure that a user can meet. `message` names the thing, what was expected and what was got. */
export class TaskbellError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TaskbellError';
    this.code = code;
    this.hint = details.hint;
  }
}

/** What was thrown, as it is told to another process. */
export function asTaskbellError(error: unknown): TaskbellError {
  if (error instanceof TaskbellError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TaskbellError('E_INTERNAL', message, { cause: error });
}

export function exitCodeOf(code: ErrorCode): number {
  return ERROR_CODES[code].exitCode;
}

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERROR_CODES, text);
}

/** The body of an error answer of the control API: RFC 9457 problem details with a stable `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly hint?: string;
}

export function toProblem(error: TaskbellError): Problem {
  return {
    type: `urn:taskbell:error:${error.code}`,
    title: error.message,
    status: ERROR_CODES[error.code].status,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}

/** Requests of the control API as frames of a WebSocket, and their answers. */

/** Where the control server takes them. */
export const REQUESTS_PATH = '/v1/requests';

export interface RequestFrame {
  /** A whole number that the answer repeats: answers come in any order. */
  readonly rid: number;
  readonly method: string;
  /** With the query, escaped as in a URL. */
  readonly path: string;
  /** As the `Idempotency-Key` header. */
  readonly idempotencyKey?: string;
  /** Left out: the request has none. */
  readonly body?: unknown;
}

export interface AnswerFrame {
  readonly rid: number;
  readonly status: number;
  /** With a status of 400 or more a problem (protocol/errors.ts); left out where the answer has none. */
  readonly body?: unknown;
}

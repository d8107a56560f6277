/**
 * Why the gateway closes a connection, as the client sees it. docs/protocol.md has the same table.
 *
 * From the number a client knows whether to come back; where waiting helps, the reason is
 * `{"retry":ms}`, else it is a short text for people.
 */

export const CLOSE = {
  /** The daemon restarts, or the log has a gap: come back and ask for the present state. */
  restart: 1012,
  /** Come back later. */
  overloaded: 1013,
  /** An error of ours; nothing the client did. */
  internal: 1011,
  /** The token expired, or none came in time: come back with a valid one. */
  unauthenticated: 4401,
  /** What was allowed is no more: the token was revoked, or the right to be here. */
  forbidden: 4403,
  /** Data was not read for too long. */
  tooSlow: 4408,
  /** Too many connections of one user. */
  limit: 4409,
  /** Too many messages. */
  rate: 4429,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

export interface Closing {
  readonly code: CloseCode;
  readonly reason: string;
  /** What the reason says, where it is when to come back. */
  readonly retryMs?: number;
}

export function closing(code: CloseCode, reason: string): Closing {
  return { code, reason };
}

export function closingWithRetry(code: CloseCode, retryMs: number): Closing {
  const retry = Math.ceil(retryMs);
  return { code, reason: JSON.stringify({ retry }), retryMs: retry };
}

const MIN_RESTART_RETRY_MS = 500;
const MAX_RESTART_RETRY_MS = 5_000;

/** Spread out, so that the clients of a restarted gateway do not all come back in one moment. */
export function restartClosing(random: number): Closing {
  const span = MAX_RESTART_RETRY_MS - MIN_RESTART_RETRY_MS;
  return closingWithRetry(CLOSE.restart, MIN_RESTART_RETRY_MS + random * span);
}

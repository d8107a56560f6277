/**
 * Says in words why a connection failed. Pure.
 *
 * Never returns the library's error itself: it holds the request, with its query and headers.
 */

/** @param error what socket.io-client gave: a TransportError, a refusal by the receiver, or anything */
export function describeConnectError(error: unknown): string {
  const { message, description, context } = asRecord(error);
  // Polling keeps the request: its statusText is the system's error, its status an HTTP status.
  const cause = asRecord(context).statusText ?? asRecord(description).error;
  const reason = reasonOf(cause);
  if (reason !== undefined) return reason;
  if (typeof description === 'number' && description > 0) return `HTTP status ${description}`;
  return typeof message === 'string' && message !== '' ? message : 'unknown error';
}

function reasonOf(cause: unknown): string | undefined {
  const { message, code } = asRecord(cause);
  if (typeof message === 'string' && message !== '') return message;
  // An AggregateError of several addresses has no message of its own.
  return typeof code === 'string' ? code : undefined;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

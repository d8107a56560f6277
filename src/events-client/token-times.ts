/** When a token has to be renewed, read from the token itself. Pure. Checks no signature: the gateway does. */

const SHORTEST_MS = 1_000;
/** Where the token does not say when it ends, or this clock does not agree that it is valid. */
const UNSURE_MS = 30_000;
/** Most that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

/** When a token ends, epoch milliseconds; undefined where that cannot be read. */
export function expiryOf(token: string): number | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as {
      readonly exp?: unknown;
    };
    return typeof exp === 'number' ? exp * 1_000 : undefined;
  } catch {
    // Not a JWT: only the gateway knows when it ends, and says so with 4401.
    return undefined;
  }
}

/** After four fifths of what is left: a service that is down then is asked again, several times before the end. */
export function renewalDelayMs(token: string, now: number): number | undefined {
  const expiresAt = expiryOf(token);
  if (expiresAt === undefined) return undefined;
  const leftMs = expiresAt - now;
  if (leftMs <= 0) return UNSURE_MS;
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, leftMs * 0.8));
}

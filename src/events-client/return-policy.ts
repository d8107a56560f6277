/**
 * After a connection is lost: whether to come back, and when. Pure: the draw is an argument.
 *
 * docs/protocol.md has the table of the close codes.
 */

export interface Loss {
  /** Of the WebSocket's close; 1006 when there was none. */
  readonly code: number;
  readonly reason: string;
  /** Losses in a row, this one included, since a connection lasted. */
  readonly losses: number;
  /** A new token can be had. */
  readonly canRenew: boolean;
  /** What the gateway said before it closed. */
  readonly drainMs: number | undefined;
}

export type Return =
  | { readonly kind: 'again'; readonly delayMs: number }
  | { readonly kind: 'never'; readonly code: 'E_TOKEN_EXPIRED' | 'E_UNAUTHORIZED' };

export interface ReturnBounds {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

const TOKEN = 4401;
const FORBIDDEN = 4403;
const LIMIT = 4409;

/** @param random a draw from [0, 1) */
export function decideReturn(loss: Loss, bounds: ReturnBounds, random: number): Return {
  const { code, losses, canRenew } = loss;
  if (code === FORBIDDEN) return { kind: 'never', code: 'E_UNAUTHORIZED' };
  if (code === TOKEN && !canRenew) return { kind: 'never', code: 'E_TOKEN_EXPIRED' };
  const hint = retryOf(loss.reason) ?? loss.drainMs ?? 0;
  const ceiling = Math.min(bounds.maxDelayMs, bounds.minDelayMs * 2 ** Math.min(losses - 1, 30));
  // Another connection has to go first: to try often does not help.
  const spread = code === LIMIT ? bounds.maxDelayMs : ceiling;
  // Full jitter: those who lost their connection in the same moment must not come back in the same moment.
  return { kind: 'again', delayMs: Math.round(hint + spread * random) };
}

/** `{"retry":ms}`; undefined where the reason is a text for people. */
function retryOf(reason: string): number | undefined {
  try {
    const { retry } = JSON.parse(reason) as { readonly retry?: unknown };
    return typeof retry === 'number' && retry >= 0 ? retry : undefined;
  } catch {
    return undefined;
  }
}

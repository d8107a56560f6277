/**
 * Decides whether and when the report client connects again.
 *
 * Pure: the random draw is an argument. Why not socket.io's own reconnection: its backoff adds
 * the jitter before it caps (at the cap every client waits the same time) and spreads around the
 * delay instead of over it.
 */
import type { WebSocketSettings } from '../config/settings.ts';

export type ReconnectSettings = Pick<
  WebSocketSettings,
  'autoReconnect' | 'reconnectionAttempts' | 'reconnectionDelay'
>;

export type ReconnectDecision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** Until an operator asks for it. */
  | { readonly kind: 'stay-down'; readonly reason: 'exhausted' | 'autoReconnect is off' };

const MAX_DELAY_MS = 30_000;
/** Zero would never double: the loop would spin. */
const MIN_DELAY_MS = 1;

export interface ReconnectHistory {
  /** Number of the reconnection to come, 1 for the first after a connection or a start. */
  readonly attempt: number;
  /** Connections in a row that brought nothing: they lengthen the delay, and count as no attempt. */
  readonly fruitless: number;
}

/** @param random a draw from [0, 1) */
export function decideReconnect(
  settings: ReconnectSettings,
  { attempt, fruitless }: ReconnectHistory,
  random: number,
): ReconnectDecision {
  if (!settings.autoReconnect) return { kind: 'stay-down', reason: 'autoReconnect is off' };
  const limit = settings.reconnectionAttempts;
  if (limit > 0 && attempt > limit) return { kind: 'stay-down', reason: 'exhausted' };
  return {
    kind: 'retry',
    delayMs: reconnectDelayMs(
      settings.reconnectionDelay,
      attempt + Math.max(0, fruitless - 1),
      random,
    ),
  };
}

/** Full jitter: anywhere from 0 to a ceiling that doubles from `reconnectionDelay` to 30 s. */
export function reconnectDelayMs(
  reconnectionDelay: number,
  attempt: number,
  random: number,
): number {
  const firstMs = Math.max(MIN_DELAY_MS, reconnectionDelay);
  const capMs = Math.max(MAX_DELAY_MS, firstMs);
  const ceilingMs = Math.min(firstMs * 2 ** (attempt - 1), capMs);
  return Math.floor(ceilingMs * random);
}

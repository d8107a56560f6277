/**
 * What is due on a connection: a ping, a close, or nothing. Decided once a second for each.
 *
 * Pure: facts and times in, one decision out. Tokens end by the wall clock; all else is monotonic.
 */
import type { ValidToken } from '../auth/token-verifier.ts';
import type { AuthSettings, WebSocketEventsSettings } from '../config/settings.ts';
import { CLOSE, type Closing, closing, closingWithRetry } from './close-codes.ts';

export interface ConnectionFacts {
  readonly openedAtMono: number;
  /** The newest valid one; undefined before the first. */
  readonly token: Pick<ValidToken, 'expiresAt' | 'onExpiry'> | undefined;
  /** When the last ping was sent; the time of opening before the first. */
  readonly pingedAtMono: number;
  /** Something came from the client since then. */
  readonly heardSincePing: boolean;
  readonly unreadBytes: number;
  /** When nothing was unread for the last time. */
  readonly allReadAtMono: number;
}

export type HealthLimits = Pick<
  WebSocketEventsSettings,
  'authenticationTimeout' | 'pingInterval' | 'maxUnread' | 'maxUnreadTime'
> &
  Pick<AuthSettings, 'expiryGrace'>;

export interface Moment {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly nowMono: number;
}

export type Due =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'ping' }
  /** The peer is gone without a word: nobody would hear a close. */
  | { readonly kind: 'terminate' }
  | { readonly kind: 'close'; readonly closing: Closing };

/** What a client that was too slow should wait: long enough to empty its own queue. */
const SLOW_RETRY_MS = 1_000;

export function dueNow(facts: ConnectionFacts, limits: HealthLimits, moment: Moment): Due {
  const objection = objectToToken(facts, limits, moment) ?? objectToSlowness(facts, limits, moment);
  if (objection !== undefined) return { kind: 'close', closing: objection };
  if (moment.nowMono - facts.pingedAtMono < limits.pingInterval) return { kind: 'nothing' };
  const isFirst = facts.pingedAtMono === facts.openedAtMono;
  return isFirst || facts.heardSincePing ? { kind: 'ping' } : { kind: 'terminate' };
}

function objectToToken(
  facts: ConnectionFacts,
  limits: HealthLimits,
  { now, nowMono }: Moment,
): Closing | undefined {
  const { token } = facts;
  if (token === undefined) {
    const isLate = nowMono - facts.openedAtMono >= limits.authenticationTimeout;
    return isLate ? closing(CLOSE.unauthenticated, 'no valid token in time') : undefined;
  }
  if (token.onExpiry === 'keep' || now < token.expiresAt + limits.expiryGrace) return undefined;
  return closing(CLOSE.unauthenticated, 'token expired');
}

function objectToSlowness(
  facts: ConnectionFacts,
  limits: HealthLimits,
  { nowMono }: Moment,
): Closing | undefined {
  if (facts.unreadBytes === 0) return undefined;
  const tooLong = nowMono - facts.allReadAtMono >= limits.maxUnreadTime;
  return tooLong || facts.unreadBytes > limits.maxUnread ? slowClosing() : undefined;
}

export function slowClosing(): Closing {
  return closingWithRetry(CLOSE.tooSlow, SLOW_RETRY_MS);
}

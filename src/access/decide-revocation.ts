/**
 * What a request to revoke tokens means: which tokens, and for how long it must be remembered. Pure.
 */
import { TaskbellError } from '../protocol/errors.ts';
import {
  CLOCK_SKEW_MS,
  MAX_TOKEN_LIFETIME_MS,
  type RevocationRequest,
} from '../protocol/tokens.ts';

export interface Revocation {
  /** Whom it is about: a later revocation of the same takes its place. */
  readonly subject: string;
  readonly tokenId: string | null;
  readonly user: string | null;
  /** Epoch milliseconds, as the others. */
  readonly issuedBefore: number | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** An issuer's clock may run ahead, and so may its tokens: no further than this is worth naming. */
const MAX_AHEAD_MS = 60_000;

/** @param now epoch milliseconds */
export function decideRevocation(request: RevocationRequest, now: number): Revocation {
  const { tokenId = null, user = null } = request;
  const issuedBefore = tokenId === null ? timeOf(request.issuedBefore, now) : null;
  // A token from the last moment that is meant may live as long as any.
  const expiresAt = Math.max(now, issuedBefore ?? 0) + MAX_TOKEN_LIFETIME_MS + CLOCK_SKEW_MS;
  const subject = tokenId === null ? (user === null ? 'all' : `user:${user}`) : `token:${tokenId}`;
  return { subject, tokenId, user, issuedBefore, createdAt: now, expiresAt };
}

function timeOf(text: string | undefined, now: number): number {
  if (text === undefined) return now;
  const time = Date.parse(text);
  if (time <= now + MAX_AHEAD_MS) return time;
  throw new TaskbellError(
    'E_INVALID_REQUEST',
    `issuedBefore: expected a time that is not in the future, got ${text}.`,
    { hint: 'Tokens that are not issued yet cannot be revoked; have their issuer issue none.' },
  );
}

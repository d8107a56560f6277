/**
 * What a token may say, apart from its signature: header, times and the user's id.
 *
 * Pure: the time is an argument. Signature, issuer, audience and `nbf` are checked by jose in
 * signature-check.ts; here are the rules of docs/protocol.md that no library has.
 */
import { isEventId } from '../protocol/events.ts';
import { CLOCK_SKEW_MS, MAX_TOKEN_LIFETIME_MS } from '../protocol/tokens.ts';

/** Why a token is not accepted; each has a sentence in `INVALID_REASONS`. */
export type InvalidReason = keyof typeof INVALID_REASONS;

export const INVALID_REASONS = {
  'no-key': 'no public key is configured, so no token can be valid',
  'keys-away': 'the keys of its issuer cannot be fetched at present, and none are kept',
  'unknown-key': 'the key that it names (kid) is not among those of its issuer',
  revoked: 'it was revoked',
  'too-large': 'it is larger than 8 KiB',
  malformed: 'it is not a signed JWT in compact form',
  header: 'its header holds a key, a key address, an extension or a key id that is not accepted',
  algorithm: 'it is not signed with the algorithm of a key of its issuer',
  signature: 'its signature does not fit a key of its issuer',
  issuer: 'its issuer (iss) is missing or another than configured',
  audience: 'its audience (aud) is missing or another than configured',
  expired: 'it has expired',
  'not-yet-valid': 'it is not valid yet (nbf or iat lies in the future)',
  lifetime: 'it is valid for longer than 24 hours',
  claims: 'a claim is missing or has the wrong type',
  user: 'it names no user at the configured claim',
} as const;

export const MAX_TOKEN_BYTES = 8_192;
export const MAX_LIFETIME_S = MAX_TOKEN_LIFETIME_MS / 1_000;
/** How far an issuer's clock may run ahead of ours. `exp` is taken as it stands. */
export const CLOCK_SKEW_S = CLOCK_SKEW_MS / 1_000;
export const MAX_KEY_ID_LENGTH = 64;

/** Parameters that offer a key or its address: with them a forger would choose what verifies him. */
const KEY_PARAMETERS = ['jwk', 'jku', 'x5u', 'x5c'] as const;

export type Claims = Readonly<Record<string, unknown>>;

/** Undefined for what is no signed JWT in compact form. Says nothing about whether it is genuine. */
export function readToken(
  token: string,
): { readonly header: Claims; readonly claims: Claims } | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const [header, claims] = parts.slice(0, 2).map(readPart);
  return header && claims && { header, claims };
}

function readPart(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Claims) : undefined;
  } catch {
    // Not JSON: not the form that is documented.
    return undefined;
  }
}

/** True when the protected header holds nothing that Taskbell would have to trust or understand. */
export function isAcceptableHeader(header: Claims): boolean {
  if (KEY_PARAMETERS.some((name) => Object.hasOwn(header, name))) return false;
  // No extension is understood, so every `crit` is unknown (RFC 7515, 4.1.11).
  if (Object.hasOwn(header, 'crit')) return false;
  const { kid } = header;
  return kid === undefined || (typeof kid === 'string' && kid.length <= MAX_KEY_ID_LENGTH);
}

/** The part of the time rules that jose does not have. Undefined: nothing to object to. */
export function objectToTimes(claims: Claims, nowMs: number): InvalidReason | undefined {
  const { exp, iat } = claims;
  const nowS = nowMs / 1_000;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return 'claims';
  if (exp <= nowS) return 'expired';
  if (iat === undefined) return exp - nowS > MAX_LIFETIME_S ? 'lifetime' : undefined;
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return 'claims';
  if (iat > nowS + CLOCK_SKEW_S) return 'not-yet-valid';
  return exp - iat > MAX_LIFETIME_S ? 'lifetime' : undefined;
}

/**
 * @param path dotted, such as `data.id`. Prototypes hold neither texts nor integers, so a path cannot
 * find a user there.
 */
export function userOf(claims: Claims, path: string): string | undefined {
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Claims)[name];
  }
  const user = Number.isSafeInteger(value) ? String(value) : value;
  // The id is also a topic: `notification` without an id means the user's own.
  return typeof user === 'string' && isEventId(user) ? user : undefined;
}

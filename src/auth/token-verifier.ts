/**
 * Decides whether an access token is genuine and whose it is.
 *
 * One public key, one algorithm, both from configuration. Keeps no token, only hashes of valid ones.
 * Knows nothing of users or of what they may see: that is the core's directory.
 */
// Not the whole of it: the gateway has no use for encryption and key sets.
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import {
  JOSEAlgNotAllowed,
  JOSEError,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
} from 'jose/errors';
import { jwtVerify } from 'jose/jwt/verify';
import type { AuthSettings } from '../config/settings.ts';
import { loadPublicKey, type VerificationKey } from './public-key.ts';
import {
  CLOCK_SKEW_S,
  type Claims,
  type InvalidReason,
  isAcceptableHeader,
  MAX_TOKEN_BYTES,
  objectToTimes,
  userOf,
} from './token-claims.ts';
import { hashToken, VerdictCache } from './verdict-cache.ts';

export interface ValidToken {
  readonly kind: 'valid';
  readonly user: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** The token's `jti`, or else its hash. */
  readonly tokenId: string;
}

interface InvalidToken {
  readonly kind: 'invalid';
  readonly why: InvalidReason;
}

export type TokenVerdict = ValidToken | InvalidToken;

export interface TokenVerifier {
  /** False when no key is configured: then every token is invalid, and someone should be told. */
  readonly configured: boolean;
  verify(token: string): Promise<TokenVerdict>;
}

const CACHED_VERDICTS = 10_000;

/**
 * @param now epoch milliseconds
 * @throws TaskbellError `E_KEY_FILE` when the configured key cannot be used
 */
export function createTokenVerifier(
  auth: AuthSettings,
  now: () => number = Date.now,
): TokenVerifier {
  if (auth.publicKeyFile === null) {
    return { configured: false, verify: () => Promise.resolve(invalid('no-key')) };
  }
  const key = loadPublicKey(auth.publicKeyFile, auth.algorithms);
  const cache = new VerdictCache(CACHED_VERDICTS);
  const underWay = new Map<string, Promise<TokenVerdict>>();

  const verify = (token: string): Promise<TokenVerdict> => {
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) return Promise.resolve(invalid('too-large'));
    const hash = hashToken(token);
    const known = cache.get(hash, now());
    if (known !== undefined) return Promise.resolve(known);
    // A client that attaches to a hundred topics at once shows the same token a hundred times.
    const running = underWay.get(hash) ?? check(token, hash);
    underWay.set(hash, running);
    return running;
  };

  const check = async (token: string, hash: string): Promise<TokenVerdict> => {
    try {
      const verdict = await judge(token, { auth, key, nowMs: now(), hash });
      if (verdict.kind === 'valid') cache.set(hash, verdict);
      return verdict;
    } finally {
      underWay.delete(hash);
    }
  };

  return { configured: true, verify };
}

interface Rules {
  readonly auth: AuthSettings;
  readonly key: VerificationKey;
  readonly nowMs: number;
  readonly hash: string;
}

async function judge(token: string, rules: Rules): Promise<TokenVerdict> {
  try {
    if (!isAcceptableHeader(decodeProtectedHeader(token))) return invalid('header');
    const { payload } = await jwtVerify(token, rules.key.key, {
      algorithms: [rules.key.algorithm],
      clockTolerance: CLOCK_SKEW_S,
      currentDate: new Date(rules.nowMs),
      ...(rules.auth.issuer === null ? {} : { issuer: rules.auth.issuer }),
      ...(rules.auth.audience === null ? {} : { audience: rules.auth.audience }),
    });
    return judgeClaims(payload, rules);
  } catch (error) {
    return invalid(reasonOf(error));
  }
}

function judgeClaims(claims: Claims, { auth, nowMs, hash }: Rules): TokenVerdict {
  const objection = objectToTimes(claims, nowMs);
  if (objection !== undefined) return invalid(objection);
  if (typeof claims.iss !== 'string' || claims.iss === '') return invalid('issuer');
  const user = userOf(claims, auth.userIdClaim);
  if (user === undefined) return invalid('user');
  const { jti, exp } = claims;
  const tokenId = typeof jti === 'string' && jti !== '' ? jti : hash;
  return { kind: 'valid', user, expiresAt: Number(exp) * 1_000, tokenId };
}

const REASON_BY_CLAIM: Readonly<Record<string, InvalidReason>> = {
  iss: 'issuer',
  aud: 'audience',
  nbf: 'not-yet-valid',
};

function reasonOf(error: unknown): InvalidReason {
  if (error instanceof JWTExpired) return 'expired';
  if (error instanceof JWTClaimValidationFailed) {
    return REASON_BY_CLAIM[error.claim] ?? 'claims';
  }
  if (error instanceof JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof JOSEAlgNotAllowed) return 'algorithm';
  // Decoding a header that is no header throws a TypeError; the rest of jose's errors say
  // that the token's form is wrong.
  if (error instanceof JOSEError || error instanceof TypeError) return 'malformed';
  throw error;
}

function invalid(why: InvalidReason): InvalidToken {
  return { kind: 'invalid', why };
}

/**
 * Checks one token against the keys and rules of its issuer: signature, issuer, audience and times by jose, the
 * rest by token-claims.ts. Remembers nothing.
 */
// Not the whole of it: the gateway has no use for encryption and key sets.
import {
  JOSEError,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
} from 'jose/errors';
import { type JWTVerifyOptions, jwtVerify } from 'jose/jwt/verify';
import type { Issuer } from './issuers.ts';
import { keysFor } from './key-set.ts';
import type { IssuerKeys, VerificationKey } from './public-key.ts';
import { CLOCK_SKEW_S, type Claims, type InvalidReason } from './token-claims.ts';

export interface SignedToken {
  readonly token: string;
  /** Of the token, decoded: it chooses among the keys of its issuer, and nothing else. */
  readonly header: Claims;
  readonly nowMs: number;
}

export type SignatureVerdict =
  /** `generation`: of the keys that verified it. */
  | { readonly kind: 'signed'; readonly claims: Claims; readonly generation: number }
  | { readonly kind: 'invalid'; readonly why: InvalidReason };

/** What other keys of the same issuer may cure. */
const KEY_REASONS: readonly InvalidReason[] = [
  'keys-away',
  'unknown-key',
  'algorithm',
  'signature',
];

export async function checkSignature(
  signed: SignedToken,
  issuer: Issuer,
): Promise<SignatureVerdict> {
  const { source } = issuer;
  const { header } = signed;
  if (typeof header.alg !== 'string') return { kind: 'invalid', why: 'malformed' };
  const tried = await source.keys();
  const verdict = await tryKeys(signed, issuer, tried);
  if (verdict.kind === 'signed' || !KEY_REASONS.includes(verdict.why)) return verdict;
  // The issuer may have changed its keys since they were fetched.
  const isRenewed = await source.renew(tried.generation);
  return isRenewed ? tryKeys(signed, issuer, await source.keys()) : verdict;
}

async function tryKeys(
  signed: SignedToken,
  issuer: Issuer,
  { keys, generation }: IssuerKeys,
): Promise<SignatureVerdict> {
  const { header } = signed;
  let why: InvalidReason = 'signature';
  if (keys.length === 0) why = 'keys-away';
  else if (!keys.some(({ algorithm }) => algorithm === header.alg)) why = 'algorithm';
  const fitting = keysFor(keys, header);
  if (why === 'signature' && fitting.length === 0) why = 'unknown-key';
  for (const key of fitting) {
    const verdict = await tryKey(signed, issuer, key);
    if ('claims' in verdict) return { kind: 'signed', ...verdict, generation };
    if (verdict.why !== 'signature') return { kind: 'invalid', ...verdict };
  }
  return { kind: 'invalid', why };
}

async function tryKey(
  { token, nowMs }: SignedToken,
  { issuer, audience }: Issuer,
  { key, algorithm }: VerificationKey,
): Promise<{ readonly claims: Claims } | { readonly why: InvalidReason }> {
  const options: JWTVerifyOptions = {
    algorithms: [algorithm],
    clockTolerance: CLOCK_SKEW_S,
    currentDate: new Date(nowMs),
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };
  try {
    const { payload } = await jwtVerify(token, key, options);
    return { claims: payload };
  } catch (error) {
    return { why: reasonOf(error) };
  }
}

const REASON_BY_CLAIM: Readonly<Record<string, InvalidReason>> = {
  iss: 'issuer',
  aud: 'audience',
  nbf: 'not-yet-valid',
};

function reasonOf(error: unknown): InvalidReason {
  if (error instanceof JWTExpired) return 'expired';
  if (error instanceof JWTClaimValidationFailed) return REASON_BY_CLAIM[error.claim] ?? 'claims';
  if (error instanceof JWSSignatureVerificationFailed) return 'signature';
  // The rest of jose's errors, and the TypeErrors of its decoding, say that the token's form is wrong.
  if (error instanceof JOSEError || error instanceof TypeError) return 'malformed';
  throw error;
}

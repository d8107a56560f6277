/**
 * Decides whether an access token is genuine, whose it is, and whether it still counts.
 *
 * Keys and algorithms are those of the token's issuer, from configuration. Keeps no token, only hashes of valid
 * ones; what was revoked is asked for each time. Knows nothing of users or of what they may see.
 */
import type { AuthSettings, IssuerSettings } from '../config/settings.ts';
import { MAX_TOKEN_ID_BYTES } from '../protocol/tokens.ts';
import { createIssuers, type Issuer, issuerFor } from './issuers.ts';
import type { KeySource } from './public-key.ts';
import type { KeySetNews } from './remote-keys.ts';
import type { RevocationList } from './revocation-list.ts';
import {
  type Claims,
  type InvalidReason,
  isAcceptableHeader,
  MAX_TOKEN_BYTES,
  objectToTimes,
  readToken,
  userOf,
} from './token-claims.ts';
import { hashToken, VerdictCache } from './verdict-cache.ts';

export interface ValidToken {
  readonly kind: 'valid';
  readonly user: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Epoch milliseconds, and never later than it was first seen; undefined: it does not say. */
  readonly issuedAt: number | undefined;
  /** The token's `jti`, or else its hash. */
  readonly tokenId: string;
  /** What its issuer wants of connections whose newest token has expired. */
  readonly onExpiry: 'close' | 'keep';
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
  /** Fetches the key sets, so that the first token need not wait. Never rejects. */
  prepare(): Promise<void>;
  /** Ends what is being fetched. */
  close(): void;
}

export interface VerifierOptions {
  readonly issuers?: readonly IssuerSettings[];
  /** Epoch milliseconds; `Date.now` when omitted. */
  readonly now?: () => number;
  readonly nowMono?: () => number;
  /** Where key sets are kept over restarts; nowhere when omitted. */
  readonly keySetDirectory?: string;
  readonly onKeySet?: (news: KeySetNews) => void;
  /** What was revoked; nothing when omitted. */
  readonly revocations?: Pick<RevocationList, 'refuses'>;
  /** Shorter only in tests. */
  readonly fetchTimeoutMs?: number;
}

const CACHED_VERDICTS = 10_000;

interface CachedVerdict {
  readonly verdict: ValidToken;
  readonly expiresAt: number;
  readonly source: KeySource;
  readonly generation: number;
}

/** @throws TaskbellError `E_KEY_FILE` when a configured key cannot be used */
export function createTokenVerifier(
  auth: AuthSettings,
  options: VerifierOptions = {},
): TokenVerifier {
  return new IssuedTokens(auth, options);
}

class IssuedTokens implements TokenVerifier {
  readonly #issuers: readonly Issuer[];
  readonly #now: () => number;
  readonly #revocations: VerifierOptions['revocations'];
  readonly #cache = new VerdictCache<CachedVerdict>(CACHED_VERDICTS);
  readonly #underWay = new Map<string, Promise<TokenVerdict>>();

  constructor(auth: AuthSettings, options: VerifierOptions) {
    const { now = Date.now, nowMono = () => performance.now(), revocations } = options;
    this.#now = now;
    this.#revocations = revocations;
    this.#issuers = createIssuers(auth, options.issuers ?? [], {
      ...{ now, nowMono, fetchTimeoutMs: options.fetchTimeoutMs },
      directory: options.keySetDirectory ?? null,
      tell: options.onKeySet ?? (() => undefined),
    });
  }

  get configured(): boolean {
    return this.#issuers.length > 0;
  }

  async verify(token: string): Promise<TokenVerdict> {
    if (!this.configured) return invalid('no-key');
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) return invalid('too-large');
    const hash = hashToken(token);
    const verdict = this.#remembered(hash) ?? (await this.#checkOnce(token, hash));
    // Asked last, and of those that were found valid before, too: a revocation counts from its arrival on.
    const isRevoked = verdict.kind === 'valid' && this.#revocations?.refuses(verdict, this.#now());
    return isRevoked ? invalid('revoked') : verdict;
  }

  async prepare(): Promise<void> {
    await Promise.all(this.#issuers.map(({ source }) => source.keys()));
  }

  close(): void {
    for (const { source } of this.#issuers) source.close();
  }

  /** Undefined also for what was signed with keys that its issuer has exchanged since. */
  #remembered(hash: string): ValidToken | undefined {
    const known = this.#cache.get(hash, this.#now());
    if (known === undefined) return undefined;
    known.source.touch();
    return known.generation === known.source.generation ? known.verdict : undefined;
  }

  /** A client that attaches to a hundred topics at once shows the same token a hundred times. */
  #checkOnce(token: string, hash: string): Promise<TokenVerdict> {
    const running =
      this.#underWay.get(hash) ??
      this.#check(token, hash).finally(() => this.#underWay.delete(hash));
    this.#underWay.set(hash, running);
    return running;
  }

  async #check(token: string, hash: string): Promise<TokenVerdict> {
    const read = readToken(token);
    if (read === undefined) return invalid('malformed');
    if (!isAcceptableHeader(read.header)) return invalid('header');
    const issuer = issuerFor(this.#issuers, read.claims.iss);
    if (issuer === undefined) return invalid('issuer');
    const nowMs = this.#now();
    // The library behind it is more than the rest of a gateway's verifier; before the first token nobody needs it.
    const { checkSignature } = await import('./signature-check.ts');
    const checked = await checkSignature({ token, header: read.header, nowMs }, issuer);
    if (checked.kind === 'invalid') return checked;
    const verdict = judgeClaims(checked.claims, { issuer, nowMs, hash });
    const { source } = issuer;
    if (verdict.kind === 'valid') {
      const { generation } = checked;
      this.#cache.set(hash, { verdict, expiresAt: verdict.expiresAt, source, generation });
    }
    return verdict;
  }
}

interface JudgedBy {
  readonly issuer: Issuer;
  readonly nowMs: number;
  readonly hash: string;
}

function judgeClaims(claims: Claims, { issuer, nowMs, hash }: JudgedBy): TokenVerdict {
  const objection = objectToTimes(claims, nowMs);
  if (objection !== undefined) return invalid(objection);
  if (typeof claims.iss !== 'string' || claims.iss === '') return invalid('issuer');
  const user = userOf(claims, issuer.userIdClaim);
  if (user === undefined) return invalid('user');
  const { exp, iat, jti } = claims;
  return {
    ...{ kind: 'valid', user, expiresAt: Number(exp) * 1_000, onExpiry: issuer.onExpiry },
    issuedAt: typeof iat === 'number' ? Math.min(iat * 1_000, nowMs) : undefined,
    tokenId: isTokenId(jti) ? jti : hash,
  };
}

/** What a revocation can name. */
function isTokenId(jti: unknown): jti is string {
  return (
    typeof jti === 'string' &&
    jti !== '' &&
    Buffer.byteLength(jti) <= MAX_TOKEN_ID_BYTES &&
    !/\p{Surrogate}/u.test(jti)
  );
}

function invalid(why: InvalidReason): InvalidToken {
  return { kind: 'invalid', why };
}

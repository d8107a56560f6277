/**
 * Development only: makes a key pair, signs tokens with it, and takes tokens apart to show them.
 *
 * Production tokens come from an issuer of their own; no running process of Taskbell signs anything.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { TaskbellError } from '../protocol/errors.ts';
import { isEventId } from '../protocol/events.ts';
import { algorithmOf, describeKey, keyFileError, readKeyFile } from './public-key.ts';
import { type Claims, INVALID_REASONS, MAX_LIFETIME_S } from './token-claims.ts';
import type { TokenVerdict, TokenVerifier } from './token-verifier.ts';

export interface KeyPairFiles {
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
}

/**
 * Writes `keys/private.pem` (0600) and `keys/public.pem` below `directory`, an RSA pair for RS256
 * because that is what deployed issuers use. Refuses to overwrite either file.
 */
export function createKeyPair(directory: string): KeyPairFiles {
  const folder = join(directory, 'keys');
  const files = {
    privateKeyFile: join(folder, 'private.pem'),
    publicKeyFile: join(folder, 'public.pem'),
  };
  const existing = [files.privateKeyFile, files.publicKeyFile].find((file) => existsSync(file));
  if (existing !== undefined) {
    const hint = 'Keep it, or move both key files away first.';
    throw cannotCreate(`${existing} exists already; it is not overwritten.`, hint);
  }
  const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(files.privateKeyFile, privatePem, { flag: 'wx', mode: 0o600 });
    const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' });
    writeFileSync(files.publicKeyFile, publicPem, { flag: 'wx', mode: 0o644 });
  } catch (cause) {
    const hint = 'Check that the directory may be written to and that the disk has space.';
    throw cannotCreate(`The keys cannot be written to ${folder}.`, hint, cause);
  }
  return files;
}

function cannotCreate(message: string, hint: string, cause?: unknown): TaskbellError {
  return new TaskbellError('E_CANNOT_CREATE', message, { hint, cause });
}

export interface IssueRequest {
  readonly privateKeyFile: string;
  readonly user: string;
  /** The user's name, for display; goes beside the id. */
  readonly name?: string | undefined;
  /** `taskbell` when null. */
  readonly issuer: string | null;
  readonly audience?: string | null;
  /** Dotted path where the user's id goes; `data.id` when omitted. */
  readonly userIdClaim?: string;
  readonly lifetimeMs: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface IssuedToken {
  readonly token: string;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

export async function issueToken(request: IssueRequest): Promise<IssuedToken> {
  const key = loadPrivateKey(request.privateKeyFile);
  const alg = algorithmOf(key);
  if (alg === undefined) {
    throw keyFileError(
      `${request.privateKeyFile} holds ${describeKey(key)}; expected RSA of 2048 bits or more, EC P-256 or Ed25519.`,
      'Make a development key pair with `taskbell init`.',
    );
  }
  const lifetimeS = checkedLifetime(request.lifetimeMs);
  if (!isEventId(request.user))
    throw badRequest('the user id', 'a text of 1 to 256 bytes', request.user);
  const iat = Math.floor(request.now / 1_000);
  const exp = iat + lifetimeS;
  const claims = {
    iat,
    jti: randomUUID(),
    iss: request.issuer ?? 'taskbell',
    exp,
    ...(request.audience ? { aud: request.audience } : {}),
    ...userClaims(request),
  };
  const token = await new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(key);
  return { token, expiresAt: new Date(exp * 1_000).toISOString() };
}

export interface TokenInspection {
  readonly header: Claims;
  readonly claims: Claims;
  /** ISO 8601, UTC; null when the token has no such claim. */
  readonly issuedAt: string | null;
  readonly expiresAt: string | null;
  /** Null when no verifier was given: decoded, but not checked. */
  readonly verdict: TokenVerdict | null;
  /** `E_TOKEN_EXPIRED` or `E_TOKEN_INVALID` when the verdict is `invalid`. */
  readonly problem: TaskbellError | null;
}

/** @throws TaskbellError `E_TOKEN_INVALID` when the text is no JWT at all */
export async function inspectToken(
  token: string,
  verifier?: TokenVerifier,
): Promise<TokenInspection> {
  const { header, claims } = decode(token);
  const verdict = verifier === undefined ? null : await verifier.verify(token);
  return {
    header,
    claims,
    issuedAt: isoOf(claims.iat),
    expiresAt: isoOf(claims.exp),
    verdict,
    problem: problemOf(verdict),
  };
}

function decode(token: string): { header: Claims; claims: Claims } {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch (cause) {
    const message = 'The text is not a JWT: expected three base64url parts.';
    throw invalidToken(message, 'Pass the token alone, without `Bearer` or quotes.', cause);
  }
}

function invalidToken(message: string, hint: string, cause: unknown): TaskbellError {
  return new TaskbellError('E_TOKEN_INVALID', message, { hint, cause });
}

function problemOf(verdict: TokenVerdict | null): TaskbellError | null {
  if (verdict === null || verdict.kind === 'valid') return null;
  const code = verdict.why === 'expired' ? 'E_TOKEN_EXPIRED' : 'E_TOKEN_INVALID';
  return new TaskbellError(code, `The token is not accepted: ${INVALID_REASONS[verdict.why]}.`, {
    hint: 'Get a new one from its issuer, or in development from `taskbell token issue --user ID`.',
  });
}

function isoOf(seconds: unknown): string | null {
  if (typeof seconds !== 'number') return null;
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function loadPrivateKey(file: string): KeyObject {
  const pem = readKeyFile(file);
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw keyFileError(
      `${file} holds no private key in PEM form.`,
      'Set [auth] privateKeyFile to the key that `taskbell init` made.',
      cause,
    );
  }
}

function checkedLifetime(lifetimeMs: number): number {
  const seconds = Math.ceil(lifetimeMs / 1_000);
  if (seconds >= 1 && seconds <= MAX_LIFETIME_S) return seconds;
  throw badRequest('the lifetime', 'more than zero and at most 24 hours', `${lifetimeMs} ms`);
}

function badRequest(thing: string, expected: string, got: string): TaskbellError {
  return new TaskbellError(
    'E_INVALID_REQUEST',
    `The token cannot be issued: ${thing} must be ${expected}; got ${JSON.stringify(got)}.`,
    { hint: 'See `taskbell token issue --help`.' },
  );
}

/** `data.id` becomes `{data: {name, id}}`, the shape of deployed issuers. */
function userClaims({ user, name, userIdClaim = 'data.id' }: IssueRequest): Claims {
  const names = userIdClaim.split('.');
  const last = names.pop() ?? 'id';
  const innermost: Claims = { ...(name === undefined ? {} : { name }), [last]: user };
  return names.reduceRight<Claims>((inner, outer) => ({ [outer]: inner }), innermost);
}

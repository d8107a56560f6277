/**
 * Reads a key set (JWKS, RFC 7517) and finds the keys in it that may have signed a token.
 *
 * Pure. Takes public signature keys of the kinds in public-key.ts and leaves the others alone, as the RFC
 * wants: a set may hold keys for other purposes. Refuses a set without one usable key, and one that is too large.
 */
import { createPublicKey, type JsonWebKeyInput } from 'node:crypto';
import type { TokenAlgorithm } from '../config/settings.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { algorithmOf, type VerificationKey } from './public-key.ts';
import { type Claims, MAX_KEY_ID_LENGTH } from './token-claims.ts';

export const MAX_KEYS = 32;

const KEY_TYPES: readonly unknown[] = ['RSA', 'EC', 'OKP'];

/** @throws TaskbellError `E_KEY_FILE` */
export function parseKeySet(
  text: string,
  allowed: readonly TokenAlgorithm[],
): readonly VerificationKey[] {
  const entries = entriesOf(text);
  if (entries.length > MAX_KEYS) {
    throw refused(`holds ${entries.length} keys; expected at most ${MAX_KEYS}`);
  }
  const keys = entries.flatMap((entry) => toKey(entry, allowed) ?? []);
  if (keys.length > 0) return keys;
  throw refused(`holds ${entries.length} keys, and none that verifies ${allowed.join(', ')}`);
}

/**
 * Those that fit the token's algorithm and key id. A key without an id may be any; a token without one may be
 * signed with any key.
 */
export function keysFor(
  keys: readonly VerificationKey[],
  { alg, kid }: Claims,
): readonly VerificationKey[] {
  const fitting = keys.filter(({ algorithm }) => algorithm === alg);
  if (kid === undefined) return fitting;
  const named = fitting.filter((key) => key.keyId === kid);
  return named.length > 0 ? named : fitting.filter((key) => key.keyId === undefined);
}

function entriesOf(text: string): readonly unknown[] {
  const set = parseJson(text);
  const keys = isObject(set) ? set.keys : undefined;
  if (!Array.isArray(keys)) throw refused('is no object with an array `keys`');
  return keys;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refused('is not JSON', cause);
  }
}

function toKey(entry: unknown, allowed: readonly TokenAlgorithm[]): VerificationKey | undefined {
  if (!isObject(entry) || !isForSignatures(entry)) return undefined;
  const { kid, alg } = entry;
  if (kid !== undefined && !(typeof kid === 'string' && kid.length <= MAX_KEY_ID_LENGTH)) {
    return undefined;
  }
  const key = importKey(entry);
  const algorithm = key && algorithmOf(key);
  if (key === undefined || algorithm === undefined || !allowed.includes(algorithm))
    return undefined;
  // What the key says of itself may narrow what its type stands for, never widen it.
  if (alg !== undefined && alg !== algorithm) return undefined;
  return { key, algorithm, keyId: kid };
}

function isForSignatures({ kty, use, key_ops: operations, d }: Claims): boolean {
  // A private key that somebody published verifies nothing any more.
  if (!KEY_TYPES.includes(kty) || d !== undefined) return false;
  if (use !== undefined && use !== 'sig') return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

/** Undefined for what Node cannot read as a key. */
function importKey(entry: Claims) {
  try {
    return createPublicKey({ key: entry, format: 'jwk' } as JsonWebKeyInput);
  } catch {
    // One broken key says nothing of the others; a set without any usable one is refused.
    return undefined;
  }
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(what: string, cause?: unknown): TaskbellError {
  return new TaskbellError('E_KEY_FILE', `The key set ${what}.`, {
    hint: 'Look at what its URL answers; RS256 needs RSA of 2048 bits or more, ES256 P-256, EdDSA Ed25519.',
    cause,
  });
}

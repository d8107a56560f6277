import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keysFor, MAX_KEYS, parseKeySet } from '../../src/auth/key-set.ts';
import type { TokenAlgorithm } from '../../src/config/settings.ts';
import { RSA } from './token-fixture.ts';

const ALL: readonly TokenAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ED = generateKeyPairSync('ed25519');

function jwk(key: KeyObject, facts: Record<string, unknown> = {}) {
  return { ...key.export({ format: 'jwk' }), ...facts };
}

function parse(keys: readonly unknown[], allowed = ALL) {
  return parseKeySet(JSON.stringify({ keys }), allowed);
}

const GOOD = jwk(RSA.publicKey, { kid: 'good', use: 'sig', alg: 'RS256', key_ops: ['verify'] });

describe('a key set', () => {
  it('gives each key the algorithm of its kind, and its id', () => {
    const keys = parse([GOOD, jwk(EC.publicKey), jwk(ED.publicKey, { kid: 'ed' })]);
    expect(keys.map(({ algorithm, keyId }) => [algorithm, keyId])).toEqual([
      ['RS256', 'good'],
      ['ES256', undefined],
      ['EdDSA', 'ed'],
    ]);
  });

  it.each([
    ['an HMAC secret', { kty: 'oct', k: 'c2VjcmV0c2VjcmV0c2VjcmV0', alg: 'HS256' }],
    ['an HMAC secret that calls itself RS256', { kty: 'oct', k: 'c2VjcmV0', alg: 'RS256' }],
    ['RSA of 512 bits', jwk(generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey)],
    ['RSA of 1024 bits', jwk(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey)],
    ['a curve of another kind', jwk(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
    ['a key for encryption', jwk(RSA.publicKey, { use: 'enc' })],
    ['a key for other operations', jwk(RSA.publicKey, { key_ops: ['encrypt'] })],
    ['operations of a wrong type', jwk(RSA.publicKey, { key_ops: 'verify' })],
    ['a private key', jwk(RSA.privateKey)],
    ['a key of another algorithm than it says', jwk(RSA.publicKey, { alg: 'PS256' })],
    ['a key of no known algorithm', jwk(RSA.publicKey, { alg: 'none' })],
    ['a key id of 65 characters', jwk(RSA.publicKey, { kid: 'k'.repeat(65) })],
    ['a key id of a wrong type', jwk(RSA.publicKey, { kid: 7 })],
    ['a number where the modulus is', { kty: 'RSA', n: 5, e: 'AQAB' }],
    ['no modulus', { kty: 'RSA', e: 'AQAB' }],
    ['a point that is not on the curve', { ...jwk(EC.publicKey), x: 'AAAA' }],
    ['no key type', { kid: 'x' }],
    ['a text', 'key'],
    ['null', null],
    ['a list', [GOOD]],
  ])('leaves %s alone, and takes the key beside it', (_what, entry) => {
    expect(parse([entry, GOOD]).map(({ keyId }) => keyId)).toEqual(['good']);
  });

  it('without a usable key is refused, and says what would be one', () => {
    expect(() => parse([])).toThrow('holds 0 keys, and none that verifies RS256, ES256, EdDSA');
    expect(() => parse([GOOD], ['ES256'])).toThrow('none that verifies ES256');
  });

  it(`takes ${MAX_KEYS} keys and refuses ${MAX_KEYS + 1}`, () => {
    const of = (count: number) => Array.from({ length: count }, () => GOOD);
    expect(parse(of(MAX_KEYS))).toHaveLength(MAX_KEYS);
    expect(() => parse(of(MAX_KEYS + 1))).toThrow(`expected at most ${MAX_KEYS}`);
  });

  it.each([
    '',
    'nonsense',
    '[]',
    'null',
    '7',
    '{}',
    '{"keys":{}}',
    '{"keys":7}',
    '['.repeat(60_000),
  ])('that is %j is refused', (text) => {
    expect(() => parseKeySet(text, ALL)).toThrow(/^The key set is /);
  });
});

describe('the keys for a token', () => {
  const keys = parse([
    GOOD,
    jwk(RSA.publicKey, { kid: 'twice' }),
    jwk(RSA.publicKey, { kid: 'twice' }),
    jwk(EC.publicKey),
  ]);
  const ids = (header: Record<string, unknown>) => keysFor(keys, header).map(({ keyId }) => keyId);

  it('are those of its algorithm and its key id, all of them where an id is there twice', () => {
    expect(ids({ alg: 'RS256', kid: 'good' })).toEqual(['good']);
    expect(ids({ alg: 'RS256', kid: 'twice' })).toEqual(['twice', 'twice']);
  });

  it('are all of its algorithm when it names none', () => {
    expect(ids({ alg: 'RS256' })).toEqual(['good', 'twice', 'twice']);
  });

  it('are those without an id when none has its id', () => {
    expect(ids({ alg: 'ES256', kid: 'unknown' })).toEqual([undefined]);
    expect(ids({ alg: 'RS256', kid: 'unknown' })).toEqual([]);
  });

  it('are none of another algorithm', () => {
    expect(ids({ alg: 'HS256', kid: 'good' })).toEqual([]);
    expect(ids({ alg: 'ES256', kid: 'good' })).toEqual([undefined]);
  });
});

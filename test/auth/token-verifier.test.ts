import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenVerifier, type TokenVerdict } from '../../src/auth/token-verifier.ts';
import type { AuthSettings } from '../../src/config/settings.ts';
import {
  AUTH,
  claimsAt,
  RSA,
  signHs256,
  signRs256,
  temporaryDirectory,
  unsigned,
  writePublicKey,
} from './token-fixture.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const directory = temporaryDirectory();
let auth: AuthSettings;

beforeAll(() => {
  auth = { ...AUTH, publicKeyFile: writePublicKey(directory.path) };
});
afterAll(() => directory.remove());

function verify(token: string, changes: Partial<AuthSettings> = {}, now = NOW) {
  return createTokenVerifier({ ...auth, ...changes }, { now: () => now }).verify(token);
}

function why(verdict: TokenVerdict): string {
  return verdict.kind === 'valid' ? 'valid' : verdict.why;
}

describe('a genuine token', () => {
  it('names its user, its end and its id', async () => {
    const claims = claimsAt(NOW);
    expect(await verify(signRs256(claims))).toEqual({
      kind: 'valid',
      user: 'user-1',
      expiresAt: claims.exp * 1_000,
      issuedAt: claims.iat * 1_000,
      tokenId: claims.jti,
      onExpiry: 'close',
    });
  });

  it.each([
    ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['EdDSA', () => generateKeyPairSync('ed25519')],
  ] as const)('verifies with %s when the key is of that kind', async (alg, makePair) => {
    const folder = temporaryDirectory();
    const pair = makePair();
    const token = await new SignJWT(claimsAt(NOW))
      .setProtectedHeader({ alg })
      .sign(pair.privateKey);
    const publicKeyFile = writePublicKey(folder.path, pair.publicKey);
    expect(why(await verify(token, { publicKeyFile }))).toBe('valid');
    folder.remove();
  });

  it('may come without iat and without jti', async () => {
    const verdict = await verify(signRs256(claimsAt(NOW, { iat: undefined, jti: undefined })));
    expect(verdict).toMatchObject({ kind: 'valid', tokenId: expect.stringMatching(/^[\w-]{43}$/) });
  });

  it('is taken from an issuer whose clock runs up to 30 s ahead', async () => {
    const ahead = claimsAt(NOW + 30_000);
    expect(why(await verify(signRs256({ ...ahead, nbf: ahead.iat })))).toBe('valid');
  });
});

describe('the user', () => {
  it.each([
    ['sub', { sub: 'u7' }, 'u7'],
    ['a.b.c', { a: { b: { c: 'deep' } } }, 'deep'],
    ['data.id', { data: { id: 4_064 } }, '4064'],
  ])('is read at %s', async (userIdClaim, claims, user) => {
    const verdict = await verify(signRs256(claimsAt(NOW, claims)), { userIdClaim });
    expect(verdict).toMatchObject({ user });
  });

  it.each([
    ['missing', { data: {} }],
    ['empty', { data: { id: '' } }],
    ['an object', { data: { id: {} } }],
    ['a fraction', { data: { id: 1.5 } }],
    ['longer than 256 bytes', { data: { id: 'é'.repeat(129) } }],
    ['inside no object', { data: 'user-1' }],
  ])('that is %s makes the token invalid', async (_case, claims) => {
    expect(why(await verify(signRs256(claimsAt(NOW, claims))))).toBe('user');
  });

  it('is never found on a prototype', async () => {
    const verdict = await verify(signRs256(claimsAt(NOW)), {
      userIdClaim: 'data.constructor.name',
    });
    expect(why(verdict)).toBe('user');
  });
});

describe('a forged token is refused', () => {
  it.each(['none', 'None', 'NONE'])('without a signature, alg %s', async (alg) => {
    expect(why(await verify(unsigned(claimsAt(NOW), alg)))).not.toBe('valid');
  });

  it('signed with HMAC and the public key as the secret', async () => {
    const pem = RSA.publicKey.export({ type: 'spki', format: 'pem' });
    const der = RSA.publicKey.export({ type: 'spki', format: 'der' });
    expect(why(await verify(signHs256(claimsAt(NOW), pem)))).toBe('algorithm');
    expect(why(await verify(signHs256(claimsAt(NOW), String(pem).trim())))).toBe('algorithm');
    expect(why(await verify(signHs256(claimsAt(NOW), der)))).toBe('algorithm');
  });

  it('signed with another key of the same kind', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
    expect(why(await verify(signRs256(claimsAt(NOW), {}, other)))).toBe('signature');
  });

  it('signed by the right key with another algorithm of its kind', async () => {
    const sign = (alg: string, key: KeyObject) =>
      new SignJWT(claimsAt(NOW)).setProtectedHeader({ alg }).sign(key);
    expect(why(await verify(await sign('RS512', RSA.privateKey)))).toBe('algorithm');
    expect(why(await verify(await sign('PS256', RSA.privateKey)))).toBe('algorithm');
  });

  it('that brings its own key or the address of one, even when the signature fits', async () => {
    const jwk = await exportJWK(RSA.publicKey);
    const url = 'https://evil.example/keys';
    for (const header of [{ jwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }]) {
      expect(why(await verify(signRs256(claimsAt(NOW), header)))).toBe('header');
    }
  });

  it('with an extension that nobody here understands', async () => {
    const header = { crit: ['exp-strict'], 'exp-strict': true };
    expect(why(await verify(signRs256(claimsAt(NOW), header)))).toBe('header');
  });

  it('with a kid that is too long or no text', async () => {
    expect(why(await verify(signRs256(claimsAt(NOW), { kid: 'k'.repeat(64) })))).toBe('valid');
    expect(why(await verify(signRs256(claimsAt(NOW), { kid: 'k'.repeat(65) })))).toBe('header');
    expect(why(await verify(signRs256(claimsAt(NOW), { kid: 7 })))).toBe('header');
  });

  it('when one character of any part was changed', async () => {
    const token = signRs256(claimsAt(NOW));
    for (const part of [0, 1, 2]) {
      const parts = token.split('.');
      const text = parts[part] ?? '';
      parts[part] = `${text.slice(0, 8)}${text[8] === 'A' ? 'B' : 'A'}${text.slice(9)}`;
      expect(why(await verify(parts.join('.')))).not.toBe('valid');
    }
  });

  it.each(['', 'x', '..', 'a.b.c', 'a.b.c.d.e', '{"alg":"RS256"}', '\u0000'])(
    'that is no token: %j',
    async (text) => {
      expect(why(await verify(text))).toBe('malformed');
    },
  );

  it('larger than 8 KiB, before anything of it is parsed', async () => {
    const token = signRs256(claimsAt(NOW, { padding: 'x'.repeat(8_192) }));
    expect(why(await verify(token))).toBe('too-large');
  });
});

describe('the claims', () => {
  const second = Math.floor(NOW / 1_000);

  it.each([
    ['without exp', { exp: undefined }, 'claims'],
    ['with exp as text', { exp: String(second + 60) }, 'claims'],
    ['that ends now', { exp: second }, 'expired'],
    ['that ended long ago', { exp: second - 3_600, iat: second - 7_200 }, 'expired'],
    ['without iss', { iss: undefined }, 'issuer'],
    ['with an empty iss', { iss: '' }, 'issuer'],
    ['with iss of another type', { iss: 7 }, 'issuer'],
    ['issued in the future', { iat: second + 31 }, 'not-yet-valid'],
    ['not valid before a later time', { nbf: second + 31 }, 'not-yet-valid'],
    ['that live for exactly a day', { exp: second + 86_400 }, 'valid'],
    ['that live for longer than a day', { exp: second + 86_401 }, 'lifetime'],
    [
      'that live long from now on, without iat',
      { iat: undefined, exp: second + 86_401 },
      'lifetime',
    ],
    ['with iat as text', { iat: 'yesterday' }, 'claims'],
  ])('of a token %s: %s', async (_case, changes, expected) => {
    expect(why(await verify(signRs256(claimsAt(NOW, changes))))).toBe(expected);
  });

  it('must name the configured issuer', async () => {
    const token = signRs256(claimsAt(NOW));
    expect(why(await verify(token, { issuer: 'auth.example' }))).toBe('valid');
    expect(why(await verify(token, { issuer: 'auth.example.' }))).toBe('issuer');
  });

  it('must name the configured audience', async () => {
    expect(why(await verify(signRs256(claimsAt(NOW)), { audience: 'bell' }))).toBe('audience');
    const token = signRs256(claimsAt(NOW, { aud: ['other', 'bell'] }));
    expect(why(await verify(token, { audience: 'bell' }))).toBe('valid');
  });
});

describe('the cache', () => {
  it('serves a token until it ends, and not a moment longer', async () => {
    let now = NOW;
    const verifier = createTokenVerifier(auth, { now: () => now });
    const token = signRs256(claimsAt(NOW));
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).toBe(first);
    now = NOW + 3_600_000;
    expect(why(await verifier.verify(token))).toBe('expired');
  });

  it('verifies a token once when it comes many times at once', async () => {
    const verifier = createTokenVerifier(auth, { now: () => NOW });
    const token = signRs256(claimsAt(NOW));
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
    expect(new Set(verdicts).size).toBe(1);
  });
});

it('finds every token invalid when no key is configured', async () => {
  const verifier = createTokenVerifier(AUTH, { now: () => NOW });
  expect(verifier.configured).toBe(false);
  expect(why(await verifier.verify(signRs256(claimsAt(NOW))))).toBe('no-key');
});

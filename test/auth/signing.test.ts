import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyPair, inspectToken, issueToken } from '../../src/auth/signing.ts';
import { createTokenVerifier } from '../../src/auth/token-verifier.ts';
import { AUTH, temporaryDirectory } from './token-fixture.ts';

const NOW = Date.parse('2026-11-21T12:00:00.500Z');
let directory: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

const request = (privateKeyFile: string) => ({
  privateKeyFile,
  user: 'user-1',
  name: 'Ada',
  issuer: 'auth.example',
  lifetimeMs: 3_600_000,
  now: NOW,
});

describe('createKeyPair', () => {
  it('writes a pair that signs and verifies, the private key for its owner only', async () => {
    const files = createKeyPair(directory.path);
    expect(files.privateKeyFile).toBe(join(directory.path, 'keys', 'private.pem'));
    expect(statSync(files.privateKeyFile).mode & 0o777).toBe(0o600);
    const { token } = await issueToken(request(files.privateKeyFile));
    const verifier = createTokenVerifier(
      { ...AUTH, publicKeyFile: files.publicKeyFile },
      { now: () => NOW },
    );
    expect(await verifier.verify(token)).toMatchObject({ kind: 'valid', user: 'user-1' });
  });

  it('overwrites nothing, even when only one of the two files exists', () => {
    mkdirSync(join(directory.path, 'keys'));
    const file = join(directory.path, 'keys', 'public.pem');
    writeFileSync(file, 'mine');
    expect(() => createKeyPair(directory.path)).toThrow(
      expect.objectContaining({ code: 'E_CANNOT_CREATE', message: expect.stringContaining(file) }),
    );
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('says where it could not write', () => {
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    expect(() => createKeyPair(file)).toThrow(expect.objectContaining({ code: 'E_CANNOT_CREATE' }));
  });
});

describe('issueToken', () => {
  it('has the header and the claims of deployed issuers', async () => {
    const { privateKeyFile } = createKeyPair(directory.path);
    const { token, expiresAt } = await issueToken(request(privateKeyFile));
    expect(expiresAt).toBe('2026-11-21T13:00:00.000Z');
    const { header, claims } = await inspectToken(token);
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT' });
    expect(claims).toEqual({
      iat: 1_795_262_400,
      jti: expect.any(String),
      iss: 'auth.example',
      exp: 1_795_266_000,
      data: { name: 'Ada', id: 'user-1' },
    });
  });

  it('puts the user where userIdClaim says and the audience beside it', async () => {
    const { privateKeyFile, publicKeyFile } = createKeyPair(directory.path);
    const { token } = await issueToken({
      ...request(privateKeyFile),
      userIdClaim: 'sub',
      audience: 'bell',
      issuer: null,
    });
    const auth = {
      ...AUTH,
      publicKeyFile,
      userIdClaim: 'sub',
      audience: 'bell',
      issuer: 'taskbell',
    };
    const verdict = await createTokenVerifier(auth, { now: () => NOW }).verify(token);
    expect(verdict).toMatchObject({ kind: 'valid', user: 'user-1' });
  });

  it.each([0, -1, 24 * 3_600_000 + 1])('refuses a lifetime of %d ms', async (lifetimeMs) => {
    const { privateKeyFile } = createKeyPair(directory.path);
    await expect(issueToken({ ...request(privateKeyFile), lifetimeMs })).rejects.toMatchObject({
      code: 'E_INVALID_REQUEST',
    });
  });

  it('refuses a user without an id', async () => {
    const { privateKeyFile } = createKeyPair(directory.path);
    await expect(issueToken({ ...request(privateKeyFile), user: '' })).rejects.toMatchObject({
      code: 'E_INVALID_REQUEST',
    });
  });

  it('names the key file that is missing, unreadable as a key, or of a kind that cannot sign here', async () => {
    const absent = join(directory.path, 'absent.pem');
    const garbage = join(directory.path, 'garbage.pem');
    writeFileSync(garbage, 'garbage');
    const foreign = join(directory.path, 'foreign.pem');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    writeFileSync(foreign, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    for (const file of [absent, garbage, foreign]) {
      await expect(issueToken(request(file))).rejects.toMatchObject({
        code: 'E_KEY_FILE',
        message: expect.stringContaining(file),
      });
    }
  });
});

describe('inspectToken', () => {
  it('tells an expired token from an invalid one', async () => {
    const { privateKeyFile, publicKeyFile } = createKeyPair(directory.path);
    const { token } = await issueToken(request(privateKeyFile));
    const auth = { ...AUTH, publicKeyFile };
    const inspectAt = (now: number, text = token) =>
      inspectToken(text, createTokenVerifier(auth, { now: () => now }));
    expect(await inspectAt(NOW)).toMatchObject({ problem: null, verdict: { kind: 'valid' } });
    expect((await inspectAt(NOW + 3_600_000)).problem).toMatchObject({ code: 'E_TOKEN_EXPIRED' });
    expect((await inspectAt(NOW, `${token.slice(0, -9)}AAAAAAAAA`)).problem).toMatchObject({
      code: 'E_TOKEN_INVALID',
      message: 'The token is not accepted: its signature does not fit a key of its issuer.',
    });
  });

  it('says that a text is no token', async () => {
    await expect(inspectToken('Bearer x')).rejects.toMatchObject({ code: 'E_TOKEN_INVALID' });
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadPublicKey } from '../../src/auth/public-key.ts';
import { RSA, temporaryDirectory } from './token-fixture.ts';

const ALL = ['RS256', 'ES256', 'EdDSA'] as const;
let directory: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

function write(text: string | Buffer): string {
  const file = join(directory.path, 'key.pem');
  writeFileSync(file, text);
  return file;
}

it('takes an RSA key as SPKI and as PKCS #1', () => {
  for (const type of ['spki', 'pkcs1'] as const) {
    const file = write(RSA.publicKey.export({ type, format: 'pem' }));
    expect(loadPublicKey(file, ALL).algorithm).toBe('RS256');
  }
});

it('takes an X.509 certificate', () => {
  expect(loadPublicKey(write(CERTIFICATE), ALL).algorithm).toBe('ES256');
});

it.each([
  ['text that is no PEM', 'hello', /holds no public key in PEM form/],
  ['an empty file', '', /holds no public key in PEM form/],
  [
    'a private key',
    RSA.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    /holds a private key/,
  ],
  [
    'a weak RSA key',
    generateKeyPairSync('rsa', {
      modulusLength: 1_024,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }).publicKey,
    /rsa 1024 bits; expected RSA of 2048 bits/,
  ],
])('refuses %s and names the file', (_case, text, message) => {
  const file = write(text);
  const load = () => loadPublicKey(file, ALL);
  expect(load).toThrow(message);
  expect(load).toThrow(
    expect.objectContaining({ code: 'E_KEY_FILE', message: expect.stringContaining(file) }),
  );
});

it('refuses a file that does not exist, with the next step', () => {
  const file = join(directory.path, 'absent.pem');
  expect(() => loadPublicKey(file, ALL)).toThrow(
    expect.objectContaining({
      code: 'E_KEY_FILE',
      message: `The key file ${file} does not exist.`,
      hint: expect.stringContaining('taskbell init'),
    }),
  );
});

it('refuses a key whose algorithm configuration does not allow', () => {
  const file = write(RSA.publicKey.export({ type: 'spki', format: 'pem' }));
  expect(() => loadPublicKey(file, ['ES256'])).toThrow(/verifies RS256; .* allows ES256/);
});

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUZMsGI2kn1klB/l2cYZ//s69HHgIwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOaXNzdWVyLmV4YW1wbGUwIBcNMjYxMTIyMDA0OTI1WhgPMjEy
NjEwMjkwMDQ5MjVaMBkxFzAVBgNVBAMMDmlzc3Vlci5leGFtcGxlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEkVazsjix4vz9t0sFFwDvv92kjvgOwdp5ldIv34Re
Q0EzjQk4CqAPEjPMZLyHvudPLr4A+FQvVp1lGq5wlgciZqNTMFEwHQYDVR0OBBYE
FJY83upM0DAd6tQxHGUoID6WgiSCMB8GA1UdIwQYMBaAFJY83upM0DAd6tQxHGUo
ID6WgiSCMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgSjDZTDur
Me2HqKproM9SqXsxyHsQZlbrkAqY76jS8G4CIQDPFrrCO0agCrCb07cEoK/G3IZY
IG1bPwHXq4NIHUe1XQ==
-----END CERTIFICATE-----
`;

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createTokenVerifier } from '../../src/auth/token-verifier.ts';
import type { AuthSettings, IssuerSettings } from '../../src/config/settings.ts';
import { AUTH, claimsAt, RSA, signHs256, signRs256, temporaryDirectory } from './token-fixture.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const PARTNER = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const directory = temporaryDirectory();
afterAll(() => directory.remove());

function keyFile(name: string, key: KeyObject): string {
  const file = join(directory.path, `${name}.pem`);
  writeFileSync(file, key.export({ type: 'spki', format: 'pem' }));
  return file;
}

const OWN: AuthSettings = { ...AUTH, publicKeyFile: keyFile('own', RSA.publicKey) };

function partner(changes: Partial<IssuerSettings> = {}): IssuerSettings {
  return {
    ...{ name: 'partner', issuer: 'partner.example', jwksUrl: null, audience: null },
    ...{ publicKeyFile: keyFile('partner', PARTNER.publicKey), algorithms: ['RS256'] },
    ...{ userIdClaim: 'sub', onExpiry: 'keep', ...changes },
  };
}

function signed(iss: unknown, key: KeyObject, claims: Record<string, unknown> = {}): string {
  return signRs256(claimsAt(NOW, { iss, sub: 'partner-1', ...claims }), {}, key);
}

async function verdict(token: string, auth = OWN, issuers = [partner()]) {
  const found = await createTokenVerifier(auth, { issuers, now: () => NOW }).verify(token);
  return found.kind === 'valid' ? `${found.user} ${found.onExpiry}` : found.why;
}

describe('with several issuers', () => {
  it('each token is judged by the keys and the rules of its own', async () => {
    expect(await verdict(signed('auth.example', RSA.privateKey))).toBe('user-1 close');
    expect(await verdict(signed('partner.example', PARTNER.privateKey))).toBe('partner-1 keep');
  });

  it("the keys of one verify nobody else's tokens", async () => {
    expect(await verdict(signed('partner.example', RSA.privateKey))).toBe('signature');
    expect(await verdict(signed('auth.example', PARTNER.privateKey))).toBe('signature');
  });

  it('an issuer that is none of them is refused where [auth] names its own', async () => {
    const auth = { ...OWN, issuer: 'auth.example' };
    expect(await verdict(signed('auth.example', RSA.privateKey), auth)).toBe('user-1 close');
    expect(await verdict(signed('other.example', RSA.privateKey), auth)).toBe('issuer');
    expect(await verdict(signed('other.example', RSA.privateKey), AUTH)).toBe('issuer');
  });

  it.each([undefined, null, '', 7, ['partner.example'], 'Partner.example', 'partner.example/'])(
    'no token without its exact name passes for one of them: %j',
    async (iss) => {
      const token = signed(iss, PARTNER.privateKey);
      expect(await verdict(token)).not.toContain('partner-1');
      expect(await verdict(token, AUTH)).toBe('issuer');
    },
  );

  it('one without a policy of its own takes that of [auth]', async () => {
    const token = signed('partner.example', PARTNER.privateKey);
    expect(await verdict(token, OWN, [partner({ onExpiry: null })])).toBe('partner-1 close');
  });

  it('algorithms and audience are pinned for each', async () => {
    const only = (changes: Partial<IssuerSettings>) => [partner(changes)];
    const token = signed('partner.example', PARTNER.privateKey, { aud: 'ours' });
    expect(await verdict(token, OWN, only({ audience: 'ours' }))).toBe('partner-1 keep');
    expect(await verdict(token, OWN, only({ audience: 'theirs' }))).toBe('audience');
    expect(() => createTokenVerifier(OWN, { issuers: only({ algorithms: ['ES256'] }) })).toThrow(
      'which verifies RS256',
    );
  });

  it('a public key is nobody’s secret', async () => {
    const pem = PARTNER.publicKey.export({ type: 'spki', format: 'pem' });
    const claims = claimsAt(NOW, { iss: 'partner.example', sub: 'x' });
    expect(await verdict(signHs256(claims, pem))).toBe('algorithm');
  });

  it('somebody is configured when [auth] has no key', () => {
    expect(createTokenVerifier(AUTH, { issuers: [partner()] }).configured).toBe(true);
    expect(createTokenVerifier(AUTH).configured).toBe(false);
  });
});

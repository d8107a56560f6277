/** Keys, settings and hand-made tokens for the tests of auth and gateway. */
import {
  createHmac,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthSettings } from '../../src/config/settings.ts';

export const AUTH: AuthSettings = {
  publicKeyFile: null,
  jwksUrl: null,
  privateKeyFile: null,
  issuer: null,
  audience: null,
  algorithms: ['RS256', 'ES256', 'EdDSA'],
  userIdClaim: 'data.id',
  onExpiry: 'close',
  expiryGrace: 60_000,
};

/** One for the whole test process: making an RSA key takes a tenth of a second. */
export const RSA: KeyPairKeyObjectResult = generateKeyPairSync('rsa', { modulusLength: 2_048 });

export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'taskbell-auth-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function writePublicKey(directory: string, key: KeyObject = RSA.publicKey): string {
  const file = join(directory, 'public.pem');
  writeFileSync(file, key.export({ type: 'spki', format: 'pem' }));
  return file;
}

/** The claims of deployed issuers. */
export function claimsAt(nowMs: number, changes: Record<string, unknown> = {}) {
  const iat = Math.floor(nowMs / 1_000);
  return {
    iat,
    jti: '0b5b28b5-8d6f-4b5e-a0a7-0c8d4d3f1c7e',
    iss: 'auth.example',
    exp: iat + 3_600,
    data: { name: 'Ada', id: 'user-1' },
    ...changes,
  };
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** Signs by hand, so that a test can say things that a library refuses to say. */
export function signRs256(
  claims: unknown,
  header: Record<string, unknown> = {},
  key: KeyObject = RSA.privateKey,
): string {
  const input = `${encode({ typ: 'JWT', alg: 'RS256', ...header })}.${encode(claims)}`;
  return `${input}.${createSign('sha256').update(input).sign(key, 'base64url')}`;
}

export function signHs256(claims: unknown, secret: string | Buffer): string {
  const input = `${encode({ typ: 'JWT', alg: 'HS256' })}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function unsigned(claims: unknown, alg = 'none'): string {
  return `${encode({ typ: 'JWT', alg })}.${encode(claims)}.`;
}

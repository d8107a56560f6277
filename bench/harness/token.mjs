/** An access token that a gateway takes, and the public key that it is verified with. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** For config.ini: where `makeToken` writes the key. */
export const AUTH_SECTION = '[auth]\npublicKeyFile = ./public.pem\n';

/** Writes the public key into the folder that the daemon is started in. */
export function makeToken(directory) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(
    path.join(directory, 'public.pem'),
    publicKey.export({ type: 'spki', format: 'pem' }),
  );
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: 'bench', iat: now, exp: now + 3_600, data: { id: 'bench' } };
  const text = [{ alg: 'EdDSA', typ: 'JWT' }, claims].map(toBase64Url).join('.');
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
}

function toBase64Url(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

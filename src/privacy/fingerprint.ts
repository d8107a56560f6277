/**
 * Hashes that stand in the database in the place of what must not be guessed from them. With a secret, a
 * payload of few possible values cannot be found by trying them all; without one, it is a plain SHA-256.
 */
import { createHash, createHmac } from 'node:crypto';

export const FINGERPRINT_SECRET_BYTES = 32;

export type Fingerprint = (text: string) => string;

/** The prefix names the kind, so that a plain hash never equals a keyed one. */
export function fingerprintWith(secret: Buffer | null): Fingerprint {
  if (secret === null) {
    return (text) => `sha256:${createHash('sha256').update(text).digest('base64url')}`;
  }
  return (text) => `hmac:${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

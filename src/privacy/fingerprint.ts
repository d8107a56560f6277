/**
 * Hashes that stand in the database in the place of what must not be guessed from them. With a secret, a
 * payload of few possible values cannot be found by trying them all; without one, it is a plain SHA-256.
 */
import { createHash, createHmac } from 'node:crypto';

export const FINGERPRINT_SECRET_BYTES = 32;

/** Of the texts one after the other. */
export type Fingerprint = (texts: Iterable<string>) => string;

/** The prefix names the kind, so that a plain hash never equals a keyed one. */
export function fingerprintWith(secret: Buffer | null): Fingerprint {
  return (texts) => {
    const hash = secret === null ? createHash('sha256') : createHmac('sha256', secret);
    for (const text of texts) hash.update(text);
    return `${secret === null ? 'sha256' : 'hmac'}:${hash.digest('base64url')}`;
  };
}

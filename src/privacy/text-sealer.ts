/**
 * AES-256-GCM for single texts: `enc:1:KEYID:base64(nonce | ciphertext | tag)`.
 *
 * Each text has a random nonce of 96 bits; what it belongs to is authenticated with it, so that a text
 * cannot be put in another's place. Knows no database and no columns.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { TaskbellError } from '../protocol/errors.ts';
import { isSealed, sealingKeyOf } from '../protocol/sealed-text.ts';
import type { Key, KeyRing } from './key-ring.ts';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

type Random = (bytes: number) => Buffer;

/** Opens with every key of the ring, seals with its current one. */
export class TextSealer {
  readonly #ring: KeyRing;
  readonly #random: Random;

  constructor(ring: KeyRing, random: Random = randomBytes) {
    this.#ring = ring;
    this.#random = random;
  }

  seal(text: string, column: string, subject: string | number): string {
    const { current } = this.#ring;
    if (current === null || isSealed(text)) return text;
    const nonce = this.#random(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, current.bytes, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(place(column, subject));
    const body = cipher.update(text, 'utf8');
    const sealed = Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]);
    return `enc:1:${current.id}:${sealed.toString('base64')}`;
  }

  open(text: string, column: string, subject: string | number): string {
    const id = sealingKeyOf(text);
    if (id === null) return text;
    const key = this.#ring.keys.get(id);
    const what = `The ${column} of ${subject}`;
    if (key === undefined) throw missingKey(what, id);
    try {
      return decrypt(key, Buffer.from(text.slice(text.lastIndexOf(':') + 1), 'base64'), {
        place: place(column, subject),
      });
    } catch (cause) {
      throw new TaskbellError(
        'E_KEY_FILE',
        `${what} does not open with the key ${id}: it was changed, or put where it does not belong.`,
        { hint: 'Whoever wrote to the database file did not have the key.', cause },
      );
    }
  }

  tryOpen(text: string, column: string, subject: string | number): string {
    if (!isSealed(text)) return text;
    try {
      return this.open(text, column, subject);
    } catch {
      // Stays sealed, which whoever shows it says.
      return text;
    }
  }

  isCurrent(text: string): boolean {
    return sealingKeyOf(text) === (this.#ring.current?.id ?? null);
  }
}

function decrypt(key: Key, sealed: Buffer, { place }: { readonly place: Buffer }): string {
  const end = sealed.length - TAG_BYTES;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv(ALGORITHM, key.bytes, nonce, options);
  decipher.setAAD(place);
  decipher.setAuthTag(sealed.subarray(Math.max(end, NONCE_BYTES)));
  const body = decipher.update(sealed.subarray(NONCE_BYTES, end));
  return Buffer.concat([body, decipher.final()]).toString('utf8');
}

/** A column's name has no colon: no two places are the same text. */
function place(column: string, subject: string | number): Buffer {
  return Buffer.from(`${column}:${subject}`);
}

function missingKey(what: string, id: string): TaskbellError {
  return new TaskbellError(
    'E_KEY_FILE',
    `${what} is encrypted with the key ${id}, which is not in [privacy] keysFile.`,
    { hint: `Put the line of ${id} back into the file, behind the first, and restart.` },
  );
}

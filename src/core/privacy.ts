/**
 * The privacy of one database: its keys, compared with those that its texts are encrypted with, and what is
 * made of them. Refuses to open a database whose keys are not there: a path that was mistyped must not end
 * jobs as unreadable.
 */
import { randomBytes } from 'node:crypto';
import type { PrivacySettings } from '../config/settings.ts';
import {
  FINGERPRINT_SECRET_BYTES,
  type Fingerprint,
  fingerprintWith,
} from '../privacy/fingerprint.ts';
import { readKeyFile } from '../privacy/key-file.ts';
import { checkValueOf, type KeyRing } from '../privacy/key-ring.ts';
import { TextSealer } from '../privacy/text-sealer.ts';
import type { Logger } from '../process/logger.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { isSealed } from '../protocol/sealed-text.ts';
import type { Database } from '../sqlite/database.ts';
import { KeyRegister, type RegisteredKeys } from '../sqlite/key-register.ts';
import { PLAIN_TEXT, type TextCipher } from '../sqlite/text-cipher.ts';

export interface Privacy {
  readonly cipher: TextCipher;
  readonly fingerprint: Fingerprint;
  /** Null where nothing is encrypted and never was. */
  readonly ring: KeyRing | null;
  readonly register: KeyRegister;
}

/** To be called before anybody reads the database. @throws TaskbellError E_KEY_FILE */
export function openPrivacy(db: Database, { keysFile }: PrivacySettings, log: Logger): Privacy {
  const register = new KeyRegister(db);
  const ring = keysFile === null ? null : readKeyFile(keysFile);
  checkKeys(register.keys(), ring, keysFile);
  if (ring === null) {
    return { cipher: PLAIN_TEXT, fingerprint: fingerprintWith(null), ring, register };
  }
  // What is removed or rewritten must not stay readable in a free page of the file.
  db.pragma('secure_delete = ON');
  const { current } = ring;
  if (current !== null) {
    if (Object.keys(register.keys()).length === 0) dropFreePages(db, log);
    // Before the first text is encrypted with it.
    register.save({ ...register.keys(), [current.id]: checkValueOf(current) });
  }
  const cipher = new TextSealer(ring);
  return { cipher, fingerprint: fingerprintWith(secretOf(register, cipher)), ring, register };
}

/** Once, at the first start with a key: what was removed before that is in them as it was. */
function dropFreePages(db: Database, log: Logger): void {
  try {
    db.exec('VACUUM');
  } catch (err) {
    // It needs as much room again. What is stored from now on is encrypted all the same.
    log.warn(
      { err },
      'free pages of the database may hold what was removed before it was encrypted',
    );
  }
}

/** Of a secret that is stored sealed: it outlives the keys, so that the same payload has the same hash. */
function secretOf(register: KeyRegister, cipher: TextCipher): Buffer {
  const stored = register.secret();
  const known = stored === undefined ? undefined : cipher.tryOpen(stored, ...SECRET_PLACE);
  if (known !== undefined && !isSealed(known)) return Buffer.from(known, 'base64');
  const secret = randomBytes(FINGERPRINT_SECRET_BYTES);
  register.saveSecret(cipher.seal(secret.toString('base64'), ...SECRET_PLACE));
  return secret;
}

const SECRET_PLACE = ['secret', 'fingerprint'] as const;

/** Seals the secret with the current key; to be called inside the running transaction. */
export function resealSecret({ register, cipher }: Pick<Privacy, 'register' | 'cipher'>): void {
  const stored = register.secret();
  if (stored === undefined || cipher.isCurrent(stored)) return;
  register.saveSecret(cipher.seal(cipher.open(stored, ...SECRET_PLACE), ...SECRET_PLACE));
}

function checkKeys(used: RegisteredKeys, ring: KeyRing | null, file: string | null): void {
  const where = file === null ? '[privacy] keysFile, which is empty' : `[privacy] keysFile ${file}`;
  for (const [id, checkValue] of Object.entries(used)) {
    if (ring?.lost.has(id)) continue;
    const key = ring?.keys.get(id);
    if (key === undefined) {
      throw new TaskbellError(
        'E_KEY_FILE',
        `The database holds texts that are encrypted with the key ${id}; expected it in ${where}.`,
        {
          hint: `Put its line back, or write ${id}:lost in its place to give up what it encrypted.`,
        },
      );
    }
    if (checkValueOf(key) !== checkValue) {
      throw new TaskbellError(
        'E_KEY_FILE',
        `The key ${id} in ${where} is not the one that the database was encrypted with.`,
        { hint: 'Put the former key back; a new key needs an id of its own.' },
      );
    }
  }
}

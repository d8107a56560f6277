/**
 * Which keys texts in this file are encrypted with, and the secret that hashes are made with. Holds no key:
 * of each its id and a value to recognise it by.
 */
import type { Database } from './database.ts';

const KEYS = 'sealing_keys';
const SECRET = 'fingerprint_secret';

/** By id: what tells the key from another one of this id. */
export type RegisteredKeys = Readonly<Record<string, string>>;

export class KeyRegister {
  readonly #read;
  readonly #write;

  constructor(db: Database) {
    this.#read = db.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck();
    this.#write = db.prepare<[string, string]>(
      `INSERT INTO meta (key, value) VALUES (?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    );
  }

  keys(): RegisteredKeys {
    return JSON.parse(this.#read.get(KEYS) ?? '{}');
  }

  save(keys: RegisteredKeys): void {
    this.#write.run(KEYS, JSON.stringify(keys));
  }

  /** As it was sealed; undefined: there is none. */
  secret(): string | undefined {
    return this.#read.get(SECRET);
  }

  saveSecret(sealed: string): void {
    this.#write.run(SECRET, sealed);
  }
}

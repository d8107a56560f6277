/** The keys that texts are encrypted with at rest, as the control API shows them: never the keys themselves. */

/**
 * `current` encrypts; `decrypts` only opens what it encrypted before; `lost` is declared so in the keys file;
 * `missing` is in use and not in the file.
 */
export type KeyState = 'current' | 'decrypts' | 'lost' | 'missing';

export interface KeyView {
  readonly id: string;
  readonly state: KeyState;
  /** Payloads, results, errors, lines and pieces of the log that it has encrypted. */
  readonly texts: number;
}

export interface KeysView {
  readonly keys: readonly KeyView[];
  /** Texts that are not encrypted. */
  readonly plain: number;
}

/** The answer to a rotation, when it is done. */
export interface RotationView extends KeysView {
  /** Texts that were encrypted anew with the current key. */
  readonly rewritten: number;
  /** Texts that cannot be opened; they stay as they were. */
  readonly unreadable: number;
}

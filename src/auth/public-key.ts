/**
 * Loads a public key that an issuer signs against, and says which algorithm it stands for.
 *
 * The algorithm follows from the key's own type and must be allowed by configuration: a token never
 * chooses it. Refuses private keys (a verifier must not hold one) and keys that are too weak.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TokenAlgorithm } from '../config/settings.ts';
import { TaskbellError } from '../protocol/errors.ts';

export interface VerificationKey {
  readonly key: KeyObject;
  readonly algorithm: TokenAlgorithm;
  /** Of a key set: its `kid`, where it has one. */
  readonly keyId?: string | undefined;
}

/** The keys of an issuer at one time. */
export interface IssuerKeys {
  /** Empty while there are none. */
  readonly keys: readonly VerificationKey[];
  /** Another number when the keys are others. */
  readonly generation: number;
}

/** Where the keys of one issuer come from. */
export interface KeySource {
  readonly generation: number;
  /** Those that may verify now. Never rejects. */
  keys(): Promise<IssuerKeys>;
  /** Says that the keys are in use, without waiting for anything. */
  touch(): void;
  /**
   * Looks for other keys, because one was missing; not more often than its issuer should be asked.
   * @param tried the generation that lacked it
   * @returns whether there are others now
   */
  renew(tried: number): Promise<boolean>;
  close(): void;
}

/** One key that never changes. */
export function fileKeySource(file: string, allowed: readonly TokenAlgorithm[]): KeySource {
  const keys = Promise.resolve({ keys: [loadPublicKey(file, allowed)], generation: 0 });
  return {
    generation: 0,
    keys: () => keys,
    touch: () => undefined,
    renew: () => Promise.resolve(false),
    close: () => undefined,
  };
}

/** RFC 7518, 3.3. */
const MIN_RSA_BITS = 2_048;

const INIT_HINT =
  'Make a development key pair with `taskbell init`, or correct [auth] publicKeyFile.';

/** Takes PEM: SPKI (`PUBLIC KEY`), PKCS #1 (`RSA PUBLIC KEY`) or an X.509 certificate. */
export function loadPublicKey(file: string, allowed: readonly TokenAlgorithm[]): VerificationKey {
  const key = parsePublicKey(file, readKeyFile(file));
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw keyFileError(
      `${file} holds ${describeKey(key)}; expected RSA of ${MIN_RSA_BITS} bits or more, EC P-256 or Ed25519.`,
      'Ask the issuer of the tokens for such a key.',
    );
  }
  if (!allowed.includes(algorithm)) {
    throw keyFileError(
      `${file} holds ${describeKey(key)}, which verifies ${algorithm}; [auth] algorithms allows ${allowed.join(', ') || 'none'}.`,
      `Add ${algorithm} to [auth] algorithms, or name another key file.`,
    );
  }
  return { key, algorithm };
}

/** The algorithm that a public or private key stands for; undefined for kinds that Taskbell does not take. */
export function algorithmOf(key: KeyObject): TokenAlgorithm | undefined {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return (details?.modulusLength ?? 0) >= MIN_RSA_BITS ? 'RS256' : undefined;
    case 'ec':
      return details?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
    case 'ed25519':
      return 'EdDSA';
    default:
      return undefined;
  }
}

export function describeKey(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const size = modulusLength === undefined ? (namedCurve ?? '') : `${modulusLength} bits`;
  return `a key of type ${key.asymmetricKeyType ?? 'unknown'} ${size}`.trimEnd();
}

export function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown error'})`;
    throw keyFileError(`The key file ${file} ${why}.`, INIT_HINT, cause);
  }
}

function parsePublicKey(file: string, pem: string): KeyObject {
  // createPublicKey would derive the public half from a private key without a word.
  if (pem.includes('PRIVATE KEY-----')) {
    throw keyFileError(
      `${file} holds a private key; expected a public one.`,
      'Set [auth] publicKeyFile to the public key; only the issuer of the tokens needs the private one.',
    );
  }
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw keyFileError(
      `${file} holds no public key in PEM form (PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE).`,
      INIT_HINT,
      cause,
    );
  }
}

export function keyFileError(message: string, hint: string, cause?: unknown): TaskbellError {
  return new TaskbellError('E_KEY_FILE', message, { hint, cause });
}

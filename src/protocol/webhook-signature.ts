/**
 * Signs requests to services of the operator (web hooks, questions about access) as Standard Webhooks 1.0 says. Pure.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto';

/** Bytes of a secret, as the specification bounds them. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

export interface SignedMessage {
  /** The same for every attempt of a job, so that a receiver can drop repeats. No dots. */
  readonly id: string;
  /** Seconds since 1970, of this attempt. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * @param text `whsec_<base64>`; several, separated by white space, while one takes the place of another
 * @throws Error that says what a secret looks like, never what was got
 */
export function readSecrets(text: string): readonly Buffer[] {
  const secrets = text.split(/\s+/).filter((part) => part !== '');
  if (secrets.length === 0) throw new Error('expected a secret (whsec_…), got an empty file');
  return secrets.map(readSecret);
}

function readSecret(text: string, index: number): Buffer {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const secret = Buffer.from(encoded ?? '', 'base64');
  if (secret.length >= MIN_SECRET_BYTES && secret.length <= MAX_SECRET_BYTES) return secret;
  throw new Error(
    `expected whsec_ and the base64 of ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes as secret number ${index + 1}`,
  );
}

/** @returns the three headers, or two of them where there is no secret */
export function signatureHeaders(
  message: SignedMessage,
  secrets: readonly Buffer[],
): Readonly<Record<string, string>> {
  const { id, timestamp, body } = message;
  const facts = { 'webhook-id': id, 'webhook-timestamp': String(timestamp) };
  if (secrets.length === 0) return facts;
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`,
  );
  return { ...facts, 'webhook-signature': signatures.join(' ') };
}

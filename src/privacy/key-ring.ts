/**
 * The keys that texts are encrypted with: the lines of a keys file, checked. Pure; reads no file.
 *
 *   KEYID:base64    a key of 32 bytes; the first encrypts, all decrypt
 *   plain           as the first line: nothing is encrypted from now on
 *   KEYID:lost      a key that nobody has any more; what it encrypted is given up
 */
import { createHmac } from 'node:crypto';
import { TaskbellError } from '../protocol/errors.ts';

export const KEY_BYTES = 32;

const KEY_ID = /^[A-Za-z0-9_.-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const HINT = 'Each line is KEYID:base64 of 32 bytes; `taskbell key generate` prints one.';

export interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

export interface KeyRing {
  /** Null: nothing is encrypted. */
  readonly current: Key | null;
  readonly keys: ReadonlyMap<string, Key>;
  readonly lost: ReadonlySet<string>;
}

/** @throws TaskbellError E_KEY_FILE that names the line, and never shows what stands in it */
export function parseKeyRing(text: string, file: string): KeyRing {
  const keys = new Map<string, Key>();
  const lost = new Set<string>();
  let first: 'none' | 'plain' | Key = 'none';
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const refuse = (why: string) => refused(file, `line ${index + 1}: ${why}`);
    if (line === 'plain') {
      if (first !== 'none') throw refuse('expected `plain` before every key');
      first = 'plain';
      continue;
    }
    const [id = '', value = '', ...rest] = line.split(':');
    if (!KEY_ID.test(id) || value === '' || rest.length > 0) throw refuse('expected KEYID:base64');
    if (keys.has(id) || lost.has(id)) throw refuse(`the key ${id} is there twice`);
    if (value === 'lost') {
      lost.add(id);
      continue;
    }
    const bytes = Buffer.from(BASE64.test(value) ? value : '', 'base64');
    if (bytes.length !== KEY_BYTES) {
      // What stands before the colon may be the key, by mistake.
      throw refuse(`expected ${KEY_BYTES} bytes as base64 behind the colon, got ${bytes.length}`);
    }
    const key = { id, bytes };
    keys.set(id, key);
    if (first === 'none') first = key;
  }
  if (first === 'none') throw refused(file, 'it holds no key');
  return { current: first === 'plain' ? null : first, keys, lost };
}

/** A line of the file. */
export function renderKey({ id, bytes }: Key): string {
  return `${id}:${bytes.toString('base64')}`;
}

/** An id that says when the key was made: `k20261122-9f3a`. */
export function newKeyId(now: number, random: Buffer): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '');
  return `k${day}-${random.toString('hex').slice(0, 4)}`;
}

export function isKeyId(text: string): boolean {
  return KEY_ID.test(text);
}

/** Tells two keys of one id apart, and nothing else about them. */
export function checkValueOf({ bytes }: Key): string {
  return createHmac('sha256', bytes).update('taskbell key check').digest('hex').slice(0, 16);
}

function refused(file: string, why: string): TaskbellError {
  return new TaskbellError('E_KEY_FILE', `[privacy] keysFile ${file}: ${why}.`, { hint: HINT });
}

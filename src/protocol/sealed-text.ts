/**
 * What an encrypted text looks like from outside: `enc:1:KEYID:base64`. Opens none.
 */
import { TaskbellError } from './errors.ts';
import type { Json } from './json.ts';

const SEALED = /^enc:1:([A-Za-z0-9_.-]{1,64}):/;

export function isSealed(text: string): boolean {
  return text.startsWith('enc:');
}

/** Null for a text that is not sealed. */
export function sealingKeyOf(text: string): string | null {
  return isSealed(text) ? (SEALED.exec(text)?.[1] ?? '') : null;
}

/** @throws TaskbellError E_KEY_FILE for what could not be opened */
export function jsonOf(text: string): Json {
  if (!isSealed(text)) return JSON.parse(text);
  throw new TaskbellError('E_KEY_FILE', `What is stored here is ${inWords(text)}.`, {
    hint: 'docs/privacy.md says what to do about a lost key.',
  });
}

/** For people: the value, or words about a text that could not be opened. */
export function shownOf(text: string): Json {
  return isSealed(text) ? `[${inWords(text)}]` : JSON.parse(text);
}

function inWords(text: string): string {
  return `encrypted with the key ${sealingKeyOf(text)} and cannot be opened`;
}

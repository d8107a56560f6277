/**
 * What comes out of reading a text as a value: the value, or the words for what was expected.
 *
 * The words complete the sentence "expected …", so that each place can name the key and what it got.
 */

export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly expected: string };

export function read<T>(value: T): Reading<T> {
  return { ok: true, value };
}

export function expected(words: string): Reading<never> {
  return { ok: false, expected: words };
}

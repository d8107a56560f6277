/** JSON as a type, so that payloads and results are `unknown` nowhere; and text that is put together by hand. */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** The same as `JSON.stringify(name)`; quick for what names are made of, which needs no escapes. */
export function quoteName(name: string): string {
  return /^[\w.:-]*$/.test(name) ? `"${name}"` : JSON.stringify(name);
}

/** JSON as a type, so that payloads and results are `unknown` nowhere. */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

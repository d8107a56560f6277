/**
 * Reads which row of the log a message is, without its data: most rows that pass a gateway are nobody's.
 *
 * Only for texts as the core renders them; says of any other that it cannot tell. Pure.
 */
import type { LogEvent } from '../protocol/events.ts';

/** What tells where in the log a row stands. */
export type RowHead = Pick<LogEvent, 'type' | 'id' | 'seq' | 'prev'>;

const BEGIN = /^\{"type":"([^"\\]*)","id":"([^"\\]*)","data":\[/;
// Without a bracket up to the last brace, so these are keys of the row itself, whatever its data holds; and a
// quotation mark after a comma is not one inside of a text, where it would have a backslash before it.
const END = /^,"seq":"([^"\\]*)","prev":(?:null|"([^"\\]*)"),"at":"[^"\\]*"\}$/;

/** Undefined: parse it to know. */
export function readRowHead(text: string): RowHead | undefined {
  const begin = BEGIN.exec(text);
  if (begin === null) return undefined;
  const end = END.exec(text.slice(text.lastIndexOf(',"seq":"')));
  const [, type, id] = begin;
  const seq = end?.[1];
  if (type === undefined || id === undefined || seq === undefined) return undefined;
  return { type, id, seq, prev: end?.[2] ?? null };
}

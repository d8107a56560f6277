/**
 * A row of the log as it came: its message as text, of which only the ends are looked at.
 *
 * Most rows that pass a gateway are nobody's, and of the others the text goes on as it is: the data is parsed for
 * whom asks for it. Only for texts as the core renders them; says of any other that it cannot tell. Pure.
 */
import type { LogEvent, VolatileEvent } from '../protocol/events.ts';
import type { Json } from '../protocol/json.ts';

/** What tells where in the log a row stands. */
export type RowHead = Pick<LogEvent, 'type' | 'id' | 'seq' | 'prev'>;

/** A message that may be said again as it is. */
export class ReceivedText {
  readonly type: string;
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The whole message. */
  readonly text: string;
  /** Where in `text` the data has come to its end. */
  readonly dataEnd: number;

  constructor(topic: { type: string; id: string }, at: string, text: string, dataEnd: number) {
    this.type = topic.type;
    this.id = topic.id;
    this.at = at;
    this.text = text;
    this.dataEnd = dataEnd;
  }

  /** Parsed anew each time. @throws SyntaxError where the core did not keep the protocol */
  get data(): readonly Json[] {
    return JSON.parse(this.text).data;
  }
}

/** Of an event that is in no log. */
export class ReceivedVolatile extends ReceivedText implements VolatileEvent {}

export class ReceivedEvent extends ReceivedText implements LogEvent {
  readonly seq: string;
  readonly prev: string | null;

  constructor(head: RowHead, at: string, text: string, dataEnd: number) {
    super(head, at, text, dataEnd);
    this.seq = head.seq;
    this.prev = head.prev;
  }
}

const BEGIN = /^\{"type":"([^"\\]*)","id":"([^"\\]*)","data":\[/;
// Behind the bracket that ends the data there is no other up to the last brace, so these are keys of the row itself,
// whatever its data holds; and a quotation mark after a comma is not one inside of a text, where it would have a
// backslash before it.
const END =
  /\](?:,"seq":"([^"\\]{1,64})","prev":(?:null|"([^"\\]{1,64})"))?,"at":"([^"\\]{1,64})"\}$/;
/** The longest end that is looked for. */
const END_LENGTH = 256;

/** Undefined: parse it to know. */
export function readEvent(text: string): ReceivedEvent | ReceivedVolatile | undefined {
  const begin = BEGIN.exec(text);
  if (begin === null) return undefined;
  const tail = text.slice(-END_LENGTH);
  const end = END.exec(tail);
  const [, type, id] = begin;
  if (end === null || type === undefined || id === undefined) return undefined;
  const [, seq, prev = null, at = ''] = end;
  const dataEnd = text.length - tail.length + end.index + 1;
  return seq === undefined
    ? new ReceivedVolatile({ type, id }, at, text, dataEnd)
    : new ReceivedEvent({ type, id, seq, prev }, at, text, dataEnd);
}

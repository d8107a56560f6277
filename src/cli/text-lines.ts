/** Splits a stream of bytes into lines, however it was cut on its way. Holds one line at a time. */
import { TaskbellError } from '../protocol/errors.ts';

export interface TextLine {
  /** Counted from 1. */
  readonly n: number;
  /** Without its line break. */
  readonly text: string;
  /** Bytes from the start of the stream to the end of the line. */
  readonly end: number;
}

/** A payload of 1 MiB, its other fields, and room for escapes. */
const MAX_LINE_BYTES = 8 * 1_048_576;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * @param name of the source, for messages
 * @throws TaskbellError for a line that is too long or no UTF-8
 */
export async function* readTextLines(
  source: AsyncIterable<Buffer | string>,
  name: string,
): AsyncGenerator<TextLine> {
  let parts: Buffer[] = [];
  let held = 0;
  let n = 0;
  let end = 0;
  const line = (last: Buffer): TextLine => {
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    held = 0;
    n += 1;
    return { n, text: decode(bytes, name, n), end };
  };
  for await (const piece of source) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, start)) {
      end += at + 1 - start;
      yield line(chunk.subarray(start, at));
      start = at + 1;
    }
    const rest = chunk.subarray(start);
    held += rest.length;
    end += rest.length;
    if (held > MAX_LINE_BYTES) throw tooLong(name, n + 1);
    if (rest.length > 0) parts.push(rest);
  }
  if (parts.length > 0) yield line(Buffer.alloc(0));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer, name: string, n: number): string {
  const text = bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes;
  try {
    return UTF8.decode(text);
  } catch (cause) {
    throw new TaskbellError('E_INVALID_JSON', `Line ${n} of ${name} is no UTF-8.`, {
      hint: 'Write the file in UTF-8.',
      cause,
    });
  }
}

function tooLong(name: string, n: number): TaskbellError {
  return new TaskbellError(
    'E_PAYLOAD_TOO_LARGE',
    `Line ${n} of ${name} has more than ${MAX_LINE_BYTES} bytes.`,
    { hint: 'Expected one job a line, with a payload of 1 MiB at the most.' },
  );
}

/** Lines of a job file, each checked before it goes to the daemon. */
import { TaskbellError } from '../protocol/errors.ts';
import { check, JOB_REQUEST } from '../protocol/shapes.ts';
import { findJsonMistake } from './json-mistake.ts';
import type { TextLine } from './text-lines.ts';

/**
 * Leaves out empty lines and those before `from`.
 *
 * @param name of the file, for messages
 * @throws TaskbellError with the number of a line that is no job
 */
export async function* readJobLines(
  lines: AsyncIterable<TextLine>,
  { name, from }: { readonly name: string; readonly from: number },
): AsyncGenerator<TextLine> {
  for await (const line of lines) {
    if (line.n < from || line.text.trim() === '') continue;
    checkJobLine(line, name);
    yield line;
  }
}

/** @throws TaskbellError E_INVALID_JSON, E_INVALID_REQUEST */
function checkJobLine({ n, text }: Pick<TextLine, 'n' | 'text'>, name: string): void {
  const value = parse(text, n, name);
  check(JOB_REQUEST, value, `Line ${n} of ${name} is no job`);
}

function parse(text: string, n: number, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { offset, message } = findJsonMistake(text);
    const rest = text.slice(offset, offset + 20);
    const there = rest === '' ? 'the line ends there' : `…${rest}`;
    throw new TaskbellError(
      'E_INVALID_JSON',
      `Line ${n} of ${name} is no JSON: ${message} at column ${offset + 1}: ${there}`,
      { hint: 'Each line is one job: {"type":…,"payload":…}.', cause },
    );
  }
}

/**
 * JSON from an argument: the text itself, `@file`, or `-` for standard input.
 *
 * Refuses what is no JSON with the place of the mistake, before the daemon is asked for anything.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { TaskbellError } from '../protocol/errors.ts';
import type { Json } from '../protocol/json.ts';
import type { CliContext } from './cli-context.ts';
import { findJsonMistake } from './json-mistake.ts';

// More than any payload, however it is indented; a wrong pipe must not fill the memory.
const MAX_INPUT_BYTES = 16 * 1024 * 1024;

/** @param what names the argument in messages, such as "payload" */
export async function readJsonArgument(
  ctx: CliContext,
  argument: string,
  what: string,
): Promise<Json> {
  if (argument === '-') return parseJson(await readStdin(ctx), `${what} on standard input`);
  if (!argument.startsWith('@')) return parseJson(argument, what);
  const file = resolve(ctx.world.cwd, argument.slice(1));
  return parseJson(await readInputFile(file), `${what} in ${file}`);
}

export async function readStdin(ctx: CliContext): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of ctx.world.stdin) {
    const buffer = Buffer.from(chunk as Buffer | string);
    bytes += buffer.length;
    if (bytes > MAX_INPUT_BYTES) throw tooLarge('standard input');
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString();
}

async function readInputFile(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_INPUT_BYTES) throw tooLarge(file);
    return bytes.toString();
  } catch (cause) {
    if (cause instanceof TaskbellError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new TaskbellError('E_INPUT_FILE', `The file ${file} ${why}.`, {
      hint: 'Name a readable file after the @, or pass `-` to read standard input.',
      cause,
    });
  }
}

function parseJson(text: string, what: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    const { offset, message } = findJsonMistake(text);
    const before = text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - before.lastIndexOf('\n');
    throw new TaskbellError(
      'E_INVALID_JSON',
      `The ${what} is no JSON: ${message} at line ${line}, column ${column}: ${excerpt(text, offset)}`,
      { hint: `Pass JSON in single quotes, such as '{"to":"ada"}', or @file, or -.`, cause },
    );
  }
}

function excerpt(text: string, offset: number): string {
  const rest = text.slice(offset, offset + 20).split('\n')[0] ?? '';
  return rest === '' ? 'the text ends there' : `…${rest}`;
}

function tooLarge(source: string): TaskbellError {
  return new TaskbellError(
    'E_PAYLOAD_TOO_LARGE',
    `${source} holds more than ${MAX_INPUT_BYTES} bytes.`,
    {
      hint: 'A payload may have 1 MiB of JSON: pass the path of the data instead of the data.',
    },
  );
}

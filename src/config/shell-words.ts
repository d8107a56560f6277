/**
 * Splits a command line into program and arguments by a shell's quoting rules. Pure.
 *
 * Words are separated by white space. '…' is taken as it stands; in "…" a backslash escapes " and \;
 * elsewhere a backslash escapes the next character. There is no shell behind it: no variables, no
 * patterns, and an operator such as `|` standing alone is refused instead of passed as an argument.
 */
import { expected, type Reading, read } from './reading.ts';

// One piece of a word at a time: '…', "…", \c or plain characters; anything else is an error.
const PIECE = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)/y;
const SPACE = /\s*/y;
const OPERATOR = /^(?:\|\|?|&&?|;|\d?>>?|<|\d?>&\d)$/;

export function splitWords(text: string): Reading<readonly string[]> {
  const words: string[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const word = readWord(text, at);
    if (word === undefined) return expected(brokenWords(text, at));
    if (OPERATOR.test(text.slice(at, word.end)))
      return expected(operatorWords(text.slice(at, word.end)));
    words.push(word.value);
    at = skipSpace(text, word.end);
  }
  return words[0] === '' ? expected('a program as the first word') : read(words);
}

/** A line that `splitWords` splits into exactly these words. */
export function joinWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w%+,./:=@^~-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`))
    .join(' ');
}

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  return at + (SPACE.exec(text)?.[0].length ?? 0);
}

function readWord(text: string, start: number): { value: string; end: number } | undefined {
  let value = '';
  let at = start;
  while (at < text.length && !/\s/.test(text.charAt(at))) {
    PIECE.lastIndex = at;
    const match = PIECE.exec(text);
    if (match === null) return undefined;
    const [piece, single, double, escaped, plain] = match;
    value += single ?? double?.replace(/\\(["\\])/g, '$1') ?? escaped ?? plain ?? '';
    at += piece.length;
  }
  return { value, end: at };
}

function brokenWords(text: string, at: number): string {
  return /\\$/.test(text)
    ? 'a character after the last backslash'
    : `a closing quote after column ${at + 1}`;
}

function operatorWords(operator: string): string {
  return `no "${operator}" (there is no shell: quote it to pass it as an argument, or run sh -c '…')`;
}

/**
 * Finds where a text stops being JSON. Pure.
 *
 * JSON.parse tells the place in some of its messages and not in others, depending on the mistake and
 * on the version of Node; this tells it always. To be asked only about texts that JSON.parse refused.
 */

export interface JsonMistake {
  /** Index of the first character that does not fit; the text's length when it ends too early. */
  readonly offset: number;
  readonly message: string;
}

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)\b/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SPACE = /[ \t\n\r]*/y;

type Wanted = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or ]' | ', or }' | 'end';

const WORDS: Readonly<Record<Wanted, string>> = {
  value: 'expected a value',
  'value or ]': 'expected a value or "]"',
  name: 'expected a name in double quotes',
  'name or }': 'expected a name in double quotes or "}"',
  ':': 'expected ":"',
  ', or ]': 'expected "," or "]"',
  ', or }': 'expected "," or "}"',
  end: 'expected nothing more',
};

export function findJsonMistake(text: string): JsonMistake {
  const open: ('[' | '{')[] = [];
  let wanted: Wanted = 'value';
  for (
    let offset = skip(SPACE, text, 0);
    offset < text.length;
    offset = skip(SPACE, text, offset)
  ) {
    const next = step(text, offset, wanted, open);
    if (next === undefined) return { offset, message: WORDS[wanted] };
    wanted = next.wanted;
    offset = next.offset;
  }
  return { offset: text.length, message: WORDS[wanted] };
}

interface Step {
  readonly offset: number;
  readonly wanted: Wanted;
}

/** One token; undefined when it is not what is wanted. Keeps `open` up to date. */
function step(text: string, at: number, wanted: Wanted, open: ('[' | '{')[]): Step | undefined {
  const char = text[at] as string;
  const closes = (char === ']' && wanted.endsWith(']')) || (char === '}' && wanted.endsWith('}'));
  if (closes) {
    open.pop();
    return { offset: at + 1, wanted: afterValue(open) };
  }
  switch (wanted) {
    case 'value':
    case 'value or ]':
      return valueStep(text, at, open);
    case 'name':
    case 'name or }':
      return stringStep(text, at, ':');
    case ':':
      return char === ':' ? { offset: at + 1, wanted: 'value' } : undefined;
    case ', or ]':
      return char === ',' ? { offset: at + 1, wanted: 'value' } : undefined;
    case ', or }':
      return char === ',' ? { offset: at + 1, wanted: 'name' } : undefined;
    case 'end':
      return undefined;
  }
}

function valueStep(text: string, at: number, open: ('[' | '{')[]): Step | undefined {
  const char = text[at];
  if (char === '[' || char === '{') {
    open.push(char);
    return { offset: at + 1, wanted: char === '[' ? 'value or ]' : 'name or }' };
  }
  return stringStep(text, at, afterValue(open)) ?? token(SCALAR, text, at, afterValue(open));
}

/** By hand: a regular expression would keep a way back for every character of a long string. */
function stringStep(text: string, at: number, wanted: Wanted): Step | undefined {
  if (text[at] !== '"') return undefined;
  for (let offset = at + 1; offset < text.length; offset += 1) {
    const char = text[offset] as string;
    if (char === '"') return { offset: offset + 1, wanted };
    if (char < ' ') return undefined;
    if (char !== '\\') continue;
    const end = skip(ESCAPE, text, offset);
    if (end === offset) return undefined;
    offset = end - 1;
  }
  return undefined;
}

function token(pattern: RegExp, text: string, at: number, wanted: Wanted): Step | undefined {
  const offset = skip(pattern, text, at);
  return offset === at ? undefined : { offset, wanted };
}

function afterValue(open: readonly ('[' | '{')[]): Wanted {
  const inner = open.at(-1);
  if (inner === undefined) return 'end';
  return inner === '[' ? ', or ]' : ', or }';
}

/** Where the match of a sticky pattern ends; `from` when there is none. */
function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

/** What stands at the cursor: a name of a command, an option, or the value of one or of an argument. Pure. */
import type { CommandFacts } from '../command-facts.ts';
import type { OptionFacts } from '../option-flags.ts';

export interface Typed {
  /** What is there of the word at the cursor. */
  readonly current: string;
  /** Words that are neither options nor their values, before the cursor. */
  readonly words: readonly string[];
  /** The option whose value the cursor is at. */
  readonly option: OptionAtCursor | undefined;
  /** Behind `--`, where nothing is an option any more. */
  readonly isLiteral: boolean;
}

export interface OptionAtCursor {
  readonly facts: OptionFacts;
  /** What is there of the value. */
  readonly typed: string;
  /** What stands before it in the same word: `--queue=`, or nothing. */
  readonly prefix: string;
}

/**
 * @param line the words behind `taskbell`, the last one being the one at the cursor
 * @param options those that are known so far
 */
export function readLine(line: readonly string[], options: readonly OptionFacts[]): Typed {
  const before = line.slice(0, -1);
  const current = line.at(-1) ?? '';
  const words: string[] = [];
  let open: OptionFacts | undefined;
  let isLiteral = false;
  for (const word of before) {
    if (open !== undefined) open = undefined;
    else if (isLiteral || !word.startsWith('-')) words.push(word);
    else if (word === '--') isLiteral = true;
    else open = expectsValue(word, options);
  }
  const option = isLiteral ? undefined : valueAtCursor(current, open, options);
  return { current, words, option, isLiteral };
}

/** `--queue` does; `--queue=mail`, `-qmail` and `--json` do not. */
function expectsValue(word: string, options: readonly OptionFacts[]): OptionFacts | undefined {
  const found = options.find(({ long, short }) => word === long || word === short);
  return found?.value === undefined ? undefined : found;
}

function valueAtCursor(
  current: string,
  open: OptionFacts | undefined,
  options: readonly OptionFacts[],
): OptionAtCursor | undefined {
  if (open !== undefined) return { facts: open, typed: current, prefix: '' };
  const [, long, typed] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  const facts = options.find((option) => option.long === long && option.value !== undefined);
  if (facts === undefined || typed === undefined) return undefined;
  return { facts, typed, prefix: `${long}=` };
}

/** The argument that the next word belongs to; the last one goes on for ever if it is variadic. */
export function argumentAt({ args }: CommandFacts, index: number): number | undefined {
  if (index < args.length) return index;
  const last = args.length - 1;
  return args[last]?.isVariadic ? last : undefined;
}

/**
 * `taskbell __complete -- WORD…`: what fits at the cursor, a line each, the word and behind a tab what it is.
 *
 * The scripts of all shells ask here, so that they hold no names. A first line `:file` or `:directory` leaves
 * it to the shell. Decides only; what the daemon and the commands know is handed in.
 */
import { ERROR_CODES } from '../../protocol/errors.ts';
import { JOB_STATES } from '../../protocol/jobs.ts';
import type { ArgumentFacts, CommandFacts } from '../command-facts.ts';
import { COMMANDS, GROUPS } from '../command-table.ts';
import { GLOBAL_OPTIONS, HELP_OPTION } from '../global-options.ts';
import { type OptionFacts, readFlags } from '../option-flags.ts';
import { argumentAt, type OptionAtCursor, readLine, type Typed } from './completion-request.ts';
import type { Candidate } from './live-names.ts';
import { kindOfArgument, kindOfOption, type LiveKind, type ValueKind } from './value-kinds.ts';

export interface Completion {
  readonly directive?: 'file' | 'directory';
  readonly candidates: readonly Candidate[];
}

/** What only the world outside of the arguments can tell. */
export interface NameSource {
  readonly findCommand: (words: readonly string[]) => Promise<CommandFacts | undefined>;
  readonly live: (kind: LiveKind) => Promise<readonly Candidate[]>;
}

const NOTHING: Completion = { candidates: [] };

/** @param line the words behind `taskbell`, the last one being the one at the cursor */
export async function completeLine(
  line: readonly string[],
  source: NameSource,
): Promise<Completion> {
  const globals = globalFacts();
  const first = readLine(line, globals);
  const command = await source.findCommand(first.words);
  const options = [...(command?.options ?? []), ...globals];
  const typed = command === undefined ? first : readLine(line, options);
  if (typed.option !== undefined) return completeOption(typed.option, command, source);
  if (!typed.isLiteral && typed.current.startsWith('-')) {
    return startingWith(typed.current, options.map(ofOption));
  }
  if (command !== undefined) return completeArgument(typed, command, source);
  return startingWith(typed.current, namesAfter(typed));
}

function globalFacts(): readonly OptionFacts[] {
  return [...GLOBAL_OPTIONS, HELP_OPTION].map(({ flags, description }) => {
    const facts = readFlags(flags, description);
    return { ...facts, choices: CHOICES[facts.long] ?? [] };
  });
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  '--log-format': ['auto', 'json', 'pretty'],
  '--log-level': ['debug', 'info', 'warn', 'error', 'silent'],
};

function ofOption({ long, description }: OptionFacts): Candidate {
  return { value: long, words: description };
}

function namesAfter({ words, current }: Typed): readonly Candidate[] {
  const isHelp = words[0] === 'help';
  const [group, ...more] = isHelp ? words.slice(1) : words;
  if (more.length > 0) return [];
  if (group !== undefined) return ofTable(GROUPS.find(({ name }) => name === group)?.verbs ?? []);
  const names = [...ofTable(COMMANDS), ...ofTable(GROUPS)];
  if (!isHelp) return [...names, { value: 'help', words: 'explain a command or an error' }];
  return current.startsWith('E') ? plain(Object.keys(ERROR_CODES)) : names;
}

function ofTable(
  listed: readonly { readonly name: string; readonly summary: string }[],
): readonly Candidate[] {
  return listed.map(({ name, summary }) => ({ value: name, words: summary }));
}

async function completeOption(
  { facts, typed, prefix }: OptionAtCursor,
  command: CommandFacts | undefined,
  source: NameSource,
): Promise<Completion> {
  const { long, value = '', choices } = facts;
  const kind = kindOfOption(command?.words ?? [], long, value);
  const found = await completeValue(kind, { typed, choices }, source);
  return { ...found, candidates: found.candidates.map(behind(prefix)) };
}

function completeArgument(
  typed: Typed,
  command: CommandFacts,
  source: NameSource,
): Promise<Completion> | Completion {
  if (command.targets.length > 0) {
    const names = command.targets.map(({ words, summary }) => ({
      value: words.at(-1) ?? '',
      words: summary,
    }));
    return startingWith(typed.current, names);
  }
  const index = argumentAt(command, typed.words.length - command.words.length);
  const argument: ArgumentFacts | undefined = command.args[index ?? -1];
  if (argument === undefined) return NOTHING;
  const kind = kindOfArgument(command.words, argument.name);
  return completeValue(kind, { typed: typed.current, choices: argument.choices }, source);
}

interface Value {
  readonly typed: string;
  readonly choices: readonly string[];
}

async function completeValue(
  kind: ValueKind,
  { typed, choices }: Value,
  { live }: NameSource,
): Promise<Completion> {
  if (choices.length > 0) return startingWith(typed, plain(choices));
  switch (kind) {
    case 'file':
    case 'directory':
      return { directive: kind, candidates: [] };
    case 'nothing':
      return NOTHING;
    case 'state':
      return completeList(typed, plain(JOB_STATES));
    default:
      return startingWith(typed, await live(kind));
  }
}

/** `failed,can` with the second of two. */
function completeList(typed: string, candidates: readonly Candidate[]): Completion {
  const head = typed.slice(0, typed.lastIndexOf(',') + 1);
  const found = startingWith(typed.slice(head.length), candidates);
  return { candidates: found.candidates.map(behind(head)) };
}

function startingWith(typed: string, candidates: readonly Candidate[]): Completion {
  return { candidates: candidates.filter(({ value }) => value.startsWith(typed)) };
}

function behind(prefix: string): (candidate: Candidate) => Candidate {
  return ({ value, words }) => ({ value: `${prefix}${value}`, words });
}

function plain(values: readonly string[]): readonly Candidate[] {
  return values.map((value) => ({ value, words: '' }));
}

/** As the scripts of the shells read it. A name that holds a tab or a line break cannot be offered. */
export function renderCompletion({ directive, candidates }: Completion): string {
  const lines = candidates
    .filter(({ value }) => !/[\t\n\r]/.test(value))
    .map(({ value, words }) => `${value}\t${words.replace(/\s+/g, ' ')}`);
  return [...(directive === undefined ? [] : [`:${directive}`]), ...lines]
    .map((line) => `${line}\n`)
    .join('');
}

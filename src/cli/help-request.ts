/** What `taskbell help …` asks for. Pure. */
import { TaskbellError } from '../protocol/errors.ts';
import { askWhichCommand, suggestCommands } from './command-suggestion.ts';
import { COMMANDS, GROUPS } from './command-table.ts';

export type HelpRequest =
  /** Of the whole, or of a group. */
  | { readonly kind: 'overview'; readonly group: string | undefined }
  /** About one command, or not about help at all: the parser's work. */
  | { readonly kind: 'parse'; readonly argv: readonly string[] }
  | { readonly kind: 'error'; readonly word: string };

/**
 * `help job add` becomes `job add --help`: commander's own help command takes one name only.
 *
 * @throws TaskbellError E_USAGE for what there is no help about
 */
export function readHelpRequest(argv: readonly string[]): HelpRequest {
  const asks = argv[0] === 'help' ? argv.slice(1) : undefined;
  if (asks === undefined) return readHelpOption(argv);
  const words = asks.filter((word) => !word.startsWith('-'));
  const [first = '', second] = words;
  if (first === '') return { kind: 'overview', group: undefined };
  if (/^(E_\w*|\d{1,3})$/i.test(first)) return { kind: 'error', word: first };
  if (COMMANDS.some(({ name }) => name === first)) return ofCommand(first);
  const group = GROUPS.find(({ name }) => name === first);
  if (group === undefined) throw unknownTopic([], first, words.slice(1));
  if (second === undefined) return { kind: 'overview', group: first };
  if (group.verbs.some(({ name }) => name === second)) return ofCommand(first, second);
  throw unknownTopic([first], second, words.slice(2));
}

/** `--help` alone, or behind a group; everything longer is the parser's. */
function readHelpOption(argv: readonly string[]): HelpRequest {
  const [last = '', group, ...more] = [...argv].reverse();
  const isGroup = GROUPS.some(({ name }) => name === group);
  if (more.length > 0 || !['-h', '--help'].includes(last)) return { kind: 'parse', argv };
  return group === undefined || isGroup ? { kind: 'overview', group } : { kind: 'parse', argv };
}

function ofCommand(...words: readonly string[]): HelpRequest {
  return { kind: 'parse', argv: [...words, '--help'] };
}

function unknownTopic(
  before: readonly string[],
  word: string,
  after: readonly string[],
): TaskbellError {
  const topic = [...before, word].join(' ');
  const hint = askWhichCommand(suggestCommands(before, word, after));
  return new TaskbellError('E_USAGE', `There is no command ${topic}.`, {
    hint: hint ?? '`taskbell help` lists all, and `taskbell help E_CODE` explains an error.',
  });
}

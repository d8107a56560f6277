/**
 * What a command takes, as values: read off its definition by completion and by the manual.
 *
 * Loads the commands that it is asked about, and runs none.
 */
import { type Argument, Command, type Option } from 'commander';
import type { CliContext } from './cli-context.ts';
import { COMMANDS, GROUPS } from './command-table.ts';
import type { Listed } from './listed-command.ts';
import { type OptionFacts, readFlags } from './option-flags.ts';

export interface ArgumentFacts {
  /** As in the usage: `<id>`, `[ids...]`. */
  readonly usage: string;
  readonly name: string;
  readonly description: string;
  readonly isVariadic: boolean;
  readonly choices: readonly string[];
}

export interface CommandFacts {
  /** `['job', 'add']`. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly args: readonly ArgumentFacts[];
  readonly options: readonly OptionFacts[];
  /** `service print` has some; a command that has them does nothing by itself. */
  readonly targets: readonly CommandFacts[];
}

/** Undefined where the words name no command, or a group alone. */
export async function findCommand(words: readonly string[]): Promise<CommandFacts | undefined> {
  const [first = '', second, third] = words;
  const listed = COMMANDS.find(({ name }) => name === first);
  if (listed !== undefined) return describeListed([first], listed);
  const group = GROUPS.find(({ name }) => name === first);
  const verb = group?.verbs.find(({ name }) => name === second);
  if (verb === undefined) return undefined;
  const found = await describeListed([first, verb.name], verb);
  return found.targets.find((target) => target.words.at(-1) === third) ?? found;
}

/** All of them, in the order of the table. */
export async function describeCommands(): Promise<readonly CommandFacts[]> {
  const facts: CommandFacts[] = [];
  for (const listed of COMMANDS) facts.push(await describeListed([listed.name], listed));
  for (const { name, verbs } of GROUPS) {
    for (const verb of verbs) facts.push(await describeListed([name, verb.name], verb));
  }
  return facts.flatMap((one) => (one.targets.length > 0 ? one.targets : [one]));
}

async function describeListed(words: readonly string[], listed: Listed): Promise<CommandFacts> {
  const command = new Command(listed.name).summary(listed.summary);
  const define = await listed.load();
  // A definition only hands the context on to the action, which never runs here.
  define(command, {} as CliContext);
  return factsOf(words, command);
}

function factsOf(words: readonly string[], command: Command): CommandFacts {
  return {
    words,
    summary: command.summary() || command.description(),
    args: command.registeredArguments.map(toArgumentFacts),
    options: command.options.filter(({ hidden }) => !hidden).map(toOptionFacts),
    targets: command.commands.map((target) => factsOf([...words, target.name()], target)),
  };
}

function toArgumentFacts(argument: Argument): ArgumentFacts {
  const { description, variadic, argChoices = [], required } = argument;
  const name = argument.name();
  const inside = variadic ? `${name}...` : name;
  const usage = required ? `<${inside}>` : `[${inside}]`;
  return { usage, name, description, isVariadic: variadic, choices: argChoices };
}

function toOptionFacts(option: Option): OptionFacts {
  const { flags, long = '', short, description, argChoices = [] } = option;
  return { ...readFlags(flags, description), long, short, choices: argChoices };
}

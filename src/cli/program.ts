/**
 * The tree of commands: names and summaries here, everything else in commands/<group>/<verb>.ts.
 *
 * Only the command that the arguments name is loaded, so that it starts fast.
 */
import { Command } from 'commander';
import type { FlagOverride, Flags } from '../config/flags.ts';
import { loadCode } from '../process/code-loading.ts';
import { VERSION } from '../process/version.ts';
import type { CliContext } from './cli-context.ts';
import type { CliWorld } from './cli-world.ts';
import { COMMANDS, GROUPS } from './command-table.ts';
import { DESCRIPTION, GLOBAL_OPTIONS, HELP_OPTION, VERSION_OPTION } from './global-options.ts';
import type { DefineCommand, Listed } from './listed-command.ts';

export interface Program {
  readonly command: Command;
  /** Gives the commands their world; to be called once, before parsing. */
  readonly bind: (ctx: CliContext) => void;
}

export async function buildProgram(argv: readonly string[], world: CliWorld): Promise<Program> {
  const command = createRoot(world);
  const bindings: ((ctx: CliContext) => void)[] = [];
  const add = async (parent: Command, listed: Listed, isNamed: boolean) => {
    const child = parent.command(listed.name).summary(listed.summary).description(listed.summary);
    if (!isNamed) return;
    const define: DefineCommand = await listed.load();
    bindings.push((ctx) => define(child, ctx));
  };
  for (const listed of COMMANDS) await add(command, listed, argv.includes(listed.name));
  for (const group of GROUPS) {
    const parent = command.command(group.name).summary(group.summary).description(group.summary);
    if (!argv.includes(group.name)) continue;
    for (const listed of group.verbs) await add(parent, listed, argv.includes(listed.name));
  }
  const bind = (ctx: CliContext) => {
    for (const define of bindings) define(ctx);
  };
  return { command, bind };
}

function createRoot(world: CliWorld): Command {
  const root = new Command('taskbell')
    .description(DESCRIPTION)
    .version(VERSION, VERSION_OPTION.flags, VERSION_OPTION.description)
    .helpOption(HELP_OPTION.flags, HELP_OPTION.description)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      // Errors are said once, by run-cli.ts.
      outputError: () => {},
      getOutHelpWidth: () => world.columns,
      getErrHelpWidth: () => world.columns,
    });
  for (const { flags, description, isRepeatable } of GLOBAL_OPTIONS) {
    if (isRepeatable) root.option(flags, description, collect);
    else root.option(flags, description);
  }
  return root;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `taskbell job add`, or as much of it as the arguments name; for "see … --help". */
export function namedCommand(program: Command, argv: readonly string[]): string {
  const names = [program.name()];
  let parent = program;
  for (const argument of argv) {
    const child = parent.commands.find((one) => one.name() === argument);
    if (child === undefined) continue;
    names.push(child.name());
    parent = child;
  }
  return names.join(' ');
}

interface GlobalOptions {
  readonly config?: string;
  readonly dataDirectory?: string;
  readonly socket?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly set?: readonly string[];
}

const SHORTHANDS = [
  { option: 'dataDirectory', flag: '--data-directory', section: 'daemon', key: 'dataDirectory' },
  { option: 'socket', flag: '--socket', section: 'daemon', key: 'controlSocket' },
  { option: 'logLevel', flag: '--log-level', section: 'daemon', key: 'logLevel' },
  { option: 'logFormat', flag: '--log-format', section: 'daemon', key: 'logFormat' },
] as const;

/** The table of keys is loaded only for a command that asks for settings. */
export async function readGlobalFlags(program: Command): Promise<Flags> {
  const { parseSetFlag } = await loadCode(() => import('../config/flags.ts'));
  const options = program.opts<GlobalOptions>();
  const overrides: FlagOverride[] = (options.set ?? []).map(parseSetFlag);
  for (const { option, flag, section, key } of SHORTHANDS) {
    const value = options[option];
    if (value !== undefined) overrides.push({ flag, section, key, value });
  }
  return { config: options.config, overrides };
}

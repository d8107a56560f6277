/**
 * Arguments in, exit code out: parses, runs one command, says what went wrong.
 *
 * Results go to standard output, everything else to standard error.
 */
import type { CommanderError } from 'commander';
import { exitCodeOf } from '../protocol/errors.ts';
import { CliContext } from './cli-context.ts';
import { type CliWorld, OutputClosed, processWorld } from './cli-world.ts';
import { isCommanderError, renderError, toTaskbellError } from './error-report.ts';
import { Interruption } from './interruption.ts';
import { readOutputModes } from './output-modes.ts';
import { buildProgram, namedCommand, readGlobalFlags } from './program.ts';

/** @param argv the arguments alone, without the program's own name */
export async function runCli(
  argv: readonly string[],
  world: CliWorld = processWorld(),
): Promise<number> {
  const given = asHelpOption(argv);
  const program = await buildProgram(given, world);
  const ctx = new CliContext(world, readOutputModes(given), () => readGlobalFlags(program.command));
  try {
    program.bind(ctx);
    await program.command.parseAsync(given, { from: 'user' });
    await written(world);
    world.signal.throwIfAborted();
    return ctx.exitCode;
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    const interruption = error instanceof Interruption ? error : ctx.interruption;
    if (interruption !== undefined) {
      world.stderr.write(`taskbell: ${interruption.message}\n`);
      return interruption.exitCode;
    }
    if (isCommanderError(error) && SHOWN.includes(error.code)) return usageExitCode(error);
    const known = toTaskbellError(error, namedCommand(program.command, given));
    world.stderr.write(`${renderError(known, wantsJson(given))}\n`);
    return exitCodeOf(known.code);
  }
}

/** Resolves when standard output took everything; a write that failed has then aborted the signal. */
function written({ stdout }: CliWorld): Promise<void> {
  // Behind the callback, because a stream tells its error only after the callbacks.
  return new Promise((resolve) => stdout.write('', () => setImmediate(resolve)));
}

/** `help job add` as `job add --help`: commander's own help command takes one name only. */
function asHelpOption(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  return first === 'help' && rest.length > 1 ? [...rest, '--help'] : argv;
}

/** What commander has printed already: help that was asked for, and help instead of an action. */
const SHOWN = ['commander.helpDisplayed', 'commander.version', 'commander.help'];

function usageExitCode(error: CommanderError): number {
  return error.exitCode === 0 ? 0 : exitCodeOf('E_USAGE');
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

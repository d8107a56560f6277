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
import { readHelpRequest } from './help-request.ts';
import { Interruption } from './interruption.ts';
import { readOutputModes } from './output-modes.ts';
import { renderOverview } from './overview.ts';

/** @param argv the arguments alone, without the program's own name */
export async function runCli(
  argv: readonly string[],
  world: CliWorld = processWorld(),
): Promise<number> {
  const run: Run = { argv, command: 'taskbell', interruption: () => undefined };
  try {
    const exitCode = await answer(run, world);
    await written(world);
    world.signal.throwIfAborted();
    return exitCode;
  } catch (error) {
    return report(error, run, world);
  }
}

/** What is known of the command by the time that something goes wrong. */
interface Run {
  argv: readonly string[];
  command: string;
  interruption: () => Interruption | undefined;
}

async function answer(run: Run, world: CliWorld): Promise<number> {
  if (run.argv[0] === '__complete') {
    const { complete } = await import('./completion/complete.ts');
    await complete(run.argv, world);
    return 0;
  }
  const request = readHelpRequest(run.argv);
  if (request.kind === 'error') {
    const { explainError } = await import('./error-help.ts');
    world.stdout.write(`${explainError(request.word, world.columns)}\n`);
    return 0;
  }
  if (request.kind === 'overview') {
    world.stdout.write(`${renderOverview(world.columns, request.group)}\n`);
    return 0;
  }
  run.argv = request.argv;
  const { buildProgram, namedCommand, readGlobalFlags } = await import('./program.ts');
  const program = await buildProgram(run.argv, world);
  run.command = namedCommand(program.command, run.argv);
  const modes = readOutputModes(run.argv);
  const ctx = new CliContext(world, modes, () => readGlobalFlags(program.command));
  run.interruption = () => ctx.interruption;
  program.bind(ctx);
  await program.command.parseAsync(run.argv, { from: 'user' });
  return ctx.exitCode;
}

function report(error: unknown, { argv, command, interruption }: Run, world: CliWorld): number {
  if (error instanceof OutputClosed) return 0;
  const interrupted = error instanceof Interruption ? error : interruption();
  if (interrupted !== undefined) {
    world.stderr.write(`taskbell: ${interrupted.message}\n`);
    return interrupted.exitCode;
  }
  if (isCommanderError(error) && SHOWN.includes(error.code)) return usageExitCode(error);
  const known = toTaskbellError(error, { command, argv });
  world.stderr.write(`${renderError(known, wantsJson(argv))}\n`);
  return exitCodeOf(known.code);
}

/** Resolves when standard output took everything; a write that failed has then aborted the signal. */
function written({ stdout }: CliWorld): Promise<void> {
  // Behind the callback, because a stream tells its error only after the callbacks.
  return new Promise((resolve) => stdout.write('', () => setImmediate(resolve)));
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

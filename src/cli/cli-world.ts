/**
 * What the command line touches of its process: streams, environment, directory, clock.
 *
 * The only file of this room that reads `process`; tests pass a world of their own.
 */
import type { Readable, Writable } from 'node:stream';
import { type Environment, processEnvironment } from '../config/process-environment.ts';
import { listenForInterrupt, type StopSignal } from '../process/signals.ts';
import { TaskbellError } from '../protocol/errors.ts';

export interface CliWorld {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly environment: Environment;
  readonly cwd: string;
  readonly columns: number;
  /** Aborted when nobody reads standard output any more, as after `| head`. */
  readonly signal: AbortSignal;
  /** Hears Ctrl-C and SIGTERM, which otherwise end the process at once; returns what takes that back. */
  readonly onInterrupt: (listener: (signal: StopSignal) => void) => () => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function processWorld(): CliWorld {
  const { stdin, stdout, stderr } = process;
  // Nobody reads the errors: there is no one left to tell.
  stderr.on('error', () => {});
  return {
    stdin,
    stdout,
    stderr,
    stdinIsTerminal: stdin.isTTY === true,
    stdoutIsTerminal: isTerminal(stdout),
    stderrIsTerminal: isTerminal(stderr),
    environment: processEnvironment(),
    cwd: process.cwd(),
    // Where the output goes into a file, progress and questions still have a width to keep to.
    columns: stdout.columns || stderr.columns || 80,
    signal: abortedWhenUnread(stdout),
    onInterrupt: listenForInterrupt,
    now: Date.now,
  };
}

/**
 * A terminal that has no width (`script` without one, some containers) is treated as a pipe: a
 * spinner would clear infinitely many lines there.
 */
export function isTerminal(stream: {
  readonly isTTY?: boolean;
  readonly columns?: number;
}): boolean {
  return stream.isTTY === true && (stream.columns ?? 0) > 0;
}

/** Thrown through a command whose output nobody reads; it ends quietly. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Aborts on EPIPE; another write error is a real one and is thrown through the command, too. */
function abortedWhenUnread(stdout: Writable): AbortSignal {
  const controller = new AbortController();
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    const isUnread = error.code === 'EPIPE';
    controller.abort(isUnread ? new OutputClosed('nobody reads the output') : unwritten(error));
  });
  return controller.signal;
}

function unwritten(cause: NodeJS.ErrnoException): TaskbellError {
  return new TaskbellError('E_IO', `Standard output cannot be written (${cause.code}).`, {
    hint: 'The command itself was done; look at the disk or device that its output goes to.',
    cause,
  });
}

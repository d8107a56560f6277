/** Runs one command in this process, with streams of its own, as the executable would. */
import { PassThrough, Readable } from 'node:stream';
import type { CliWorld } from '../../src/cli/cli-world.ts';
import { runCli } from '../../src/cli/run-cli.ts';

export interface CommandRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly isTerminal?: boolean;
  /** Standard error becomes something that a spinner takes for a terminal. */
  readonly spins?: boolean;
  /** Somebody types what is in `stdin`. */
  readonly asks?: boolean;
  readonly signal?: AbortSignal;
  /** Takes the listener that Ctrl-C would call. */
  readonly onInterrupt?: CliWorld['onInterrupt'];
  /** 100 unless told. */
  readonly columns?: number;
  /** Hears what goes to standard error as it goes. */
  readonly onStderr?: (text: string) => void;
}

const TERMINAL = { isTTY: true, columns: 80, cursorTo() {}, clearLine() {}, moveCursor() {} };

export interface Gathered {
  readonly world: CliWorld;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export async function runCommand(
  argv: readonly string[],
  options: RunOptions,
): Promise<CommandRun> {
  const { world, stdout, stderr } = createWorld(options);
  const exitCode = await runCli(argv, world);
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

/** Streams that keep what is written to them, in the place of the process's own. */
export function createWorld(options: RunOptions): Gathered {
  const stdout = gather();
  const stderr = gather();
  stderr.stream.on('data', (chunk: Buffer) => options.onStderr?.(String(chunk)));
  if (options.spins) Object.assign(stderr.stream, TERMINAL);
  const world: CliWorld = {
    stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdinIsTerminal: options.asks ?? false,
    stdoutIsTerminal: options.isTerminal ?? false,
    stderrIsTerminal: options.spins ?? false,
    environment: options.environment ?? {},
    cwd: options.cwd,
    columns: options.columns ?? 100,
    signal: options.signal ?? new AbortController().signal,
    onInterrupt: options.onInterrupt ?? (() => () => undefined),
    now: Date.now,
  };
  return { world, stdout: stdout.text, stderr: stderr.text };
}

function gather() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

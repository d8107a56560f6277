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
  readonly signal?: AbortSignal;
}

export async function runCommand(
  argv: readonly string[],
  options: RunOptions,
): Promise<CommandRun> {
  const stdout = gather();
  const stderr = gather();
  const world: CliWorld = {
    stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdoutIsTerminal: options.isTerminal ?? false,
    stderrIsTerminal: false,
    environment: options.environment ?? {},
    cwd: options.cwd,
    columns: 100,
    signal: options.signal ?? new AbortController().signal,
    now: Date.now,
  };
  const exitCode = await runCli(argv, world);
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

function gather() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** `job logs ID`: what the job wrote, and with --follow what it goes on to write. */
import type { Command } from 'commander';
import type { TaskbellClient } from '../../../client/client.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import { isFinished, type JobLogLine } from '../../../protocol/jobs.ts';
import type { CliContext } from '../../cli-context.ts';

interface LogsOptions {
  readonly follow?: true;
  readonly json?: true;
}

const PAGE_LINES = 1_000;
const LOOK_EVERY_MS = 500;

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('-f, --follow', 'go on until the job has ended')
    .option('--json', 'print one JSON object a line')
    .action((id: string, options: LogsOptions) =>
      ctx.withDaemon((daemon) => printLogs(ctx, daemon, id, options)),
    );
}

async function printLogs(
  ctx: CliContext,
  daemon: TaskbellClient,
  id: string,
  options: LogsOptions,
): Promise<void> {
  let after = 0;
  for (let hasEnded = false; ; ) {
    const { lines, dropped } = await daemon.logs(id, { after, limit: PAGE_LINES });
    if (dropped > 0) ctx.note(`${dropped} earlier lines were dropped`);
    for (const line of lines) ctx.print(options.json ? JSON.stringify(line) : describeLine(line));
    await ctx.drained();
    ctx.signal.throwIfAborted();
    after = lines.at(-1)?.n ?? after;
    if (lines.length > 0) continue;
    if (!options.follow || hasEnded) return;
    // Looked at once more after the end: lines may have come between the two questions.
    hasEnded = await endsSoon(daemon, id);
  }
}

async function endsSoon(daemon: TaskbellClient, id: string): Promise<boolean> {
  try {
    return isFinished((await daemon.wait(id, { timeoutMs: LOOK_EVERY_MS })).state);
  } catch (error) {
    // Not yet: that is one of the two answers.
    if (error instanceof TaskbellError && error.code === 'E_TIMEOUT') return false;
    throw error;
  }
}

function describeLine({ at, level, line }: JobLogLine): string {
  return `${at.slice(11, 23)} ${level.padEnd(6)} ${line}`;
}

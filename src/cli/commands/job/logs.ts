/** `job logs ID`: what the job wrote, and with --follow what it goes on to write. */
import type { Command } from 'commander';
import type { LogPage, TaskbellClient } from '../../../client/client.ts';
import type { JobLogLine } from '../../../protocol/jobs.ts';
import type { CliContext } from '../../cli-context.ts';
import { noteAbsence } from '../../wait-for-job.ts';

interface LogsOptions {
  readonly follow?: true;
  readonly json?: true;
}

const PAGE_LINES = 1_000;

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('-f, --follow', 'go on until the job has ended')
    .option('--json', 'print one JSON object a line')
    .action((id: string, options: LogsOptions) =>
      ctx.withDaemon(async (daemon) => {
        for await (const page of pagesOf(ctx, daemon, id, options)) {
          await printPage(ctx, page, options);
        }
      }),
    );
}

/** The next page is asked for when standard output took the one before. */
async function* pagesOf(
  ctx: CliContext,
  daemon: TaskbellClient,
  id: string,
  { follow }: LogsOptions,
): AsyncGenerator<LogPage> {
  if (follow) {
    yield* daemon.followLogs(id, { signal: ctx.signal, onAway: () => noteAbsence(ctx) });
    return;
  }
  for (let after = 0; ; ) {
    const page = await daemon.logs(id, { after, limit: PAGE_LINES });
    yield page;
    const last = page.lines.at(-1);
    if (last === undefined) return;
    after = last.n;
  }
}

async function printPage(
  ctx: CliContext,
  { lines, dropped }: LogPage,
  { json }: LogsOptions,
): Promise<void> {
  if (dropped > 0) ctx.warn(`${dropped} earlier lines were dropped`);
  for (const line of lines) ctx.print(json ? JSON.stringify(line) : describeLine(line));
  await ctx.drained();
  ctx.signal.throwIfAborted();
}

function describeLine({ at, level, line }: JobLogLine): string {
  return `${at.slice(11, 23)} ${level.padEnd(6)} ${line}`;
}

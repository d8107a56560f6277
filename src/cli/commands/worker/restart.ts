/** `worker restart [--rolling]`: fresh executors, which load the handlers anew. */
import type { Command } from 'commander';
import type { RestartOptions } from '../../../client/client.ts';
import type { CliContext } from '../../cli-context.ts';
import { onlyGiven, parseDuration } from '../../option-parsers.ts';

interface Options {
  readonly rolling?: true;
  readonly timeout?: number;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--rolling', 'one after the other, without interrupting a job')
    .option(
      '--timeout <duration>',
      'interrupt the jobs of a process that is replaced after so long (default: with --rolling never, else shutdownTimeout)',
      parseDuration,
    )
    .option('--json', 'print {"replaced":[…]} as JSON')
    .action(async ({ rolling, timeout: timeoutMs, json }: Options) => {
      const options: RestartOptions = onlyGiven({ rolling, timeoutMs, signal: ctx.signal });
      const replaced = await ctx.withDaemon((daemon) => daemon.restartWorkers(options));
      if (json) ctx.printJson({ replaced });
      else
        for (const { pid, successor } of replaced) ctx.print(`${pid} is replaced by ${successor}`);
      if (!json && replaced.length === 0) ctx.note('There was no executor to replace.');
    });
}

/** `worker list`: the executors, and how they are. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { describeWorkers } from '../../worker-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"workers":[…]} as JSON')
    .action(async (options: { readonly json?: true }) => {
      const workers = await ctx.withDaemon((daemon) => daemon.workers());
      if (options.json) ctx.printJson({ workers });
      else for (const line of describeWorkers(workers, ctx.paint, Date.now())) ctx.print(line);
    });
}

/** `job retry ID`: queue a failed or cancelled job again. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('--json', 'print the job as JSON')
    .action(async (id: string, options: { readonly json?: true }) => {
      const job = await ctx.withDaemon((daemon) => daemon.retry(id));
      if (options.json) ctx.printJson(job);
      // Not its state: it may be running again already.
      else ctx.print(`job ${job.id} (${job.type}) is to run again`);
    });
}

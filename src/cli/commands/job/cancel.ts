/** `job cancel ID`: end it, or take it out of its queue. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { describeState } from '../../job-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('--json', 'print the job as JSON')
    .action(async (id: string, options: { readonly json?: true }) => {
      const job = await ctx.withDaemon((daemon) => daemon.cancel(id));
      if (options.json) ctx.printJson(job);
      else ctx.print(describeState(job));
    });
}

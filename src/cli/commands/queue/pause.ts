/** `queue pause NAME`: start no more of its jobs; what runs goes on. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { withQueueName } from '../../queue-suggestion.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<name>', 'name of the queue; jobs without one are in default')
    .option('--json', 'print the queue as JSON')
    .action(async (name: string, options: { readonly json?: true }) => {
      const queue = await ctx.withDaemon((daemon) =>
        withQueueName(ctx, { daemon, name }, () => daemon.pauseQueue(name)),
      );
      if (options.json) ctx.printJson(queue);
      else ctx.print(`queue ${name} is paused`);
    });
}

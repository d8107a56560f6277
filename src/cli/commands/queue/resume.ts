/** `queue resume NAME`: start its jobs again. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<name>', 'name of the queue; jobs without one are in default')
    .option('--json', 'print the queue as JSON')
    .action(async (name: string, options: { readonly json?: true }) => {
      const queue = await ctx.withDaemon((daemon) => daemon.resumeQueue(name));
      if (options.json) ctx.printJson(queue);
      else ctx.print(`queue ${name} is open`);
    });
}

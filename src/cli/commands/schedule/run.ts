/** `schedule run NAME`: add its job now, besides its times. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<name>', 'name of the schedule')
    .option('--json', 'print the job as JSON')
    .action(async (name: string, options: { readonly json?: true }) => {
      const job = await ctx.withDaemon((daemon) => daemon.schedules.run(name));
      if (options.json) ctx.printJson(job);
      else ctx.print(`job ${job.id} (${job.type}) is ${job.state}`);
    });
}

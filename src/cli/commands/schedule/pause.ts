/** `schedule pause NAME`: start no more of its runs; what falls into the pause is not made up for. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<name>', 'name of the schedule')
    .option('--json', 'print the schedule as JSON')
    .action(async (name: string, options: { readonly json?: true }) => {
      const schedule = await ctx.withDaemon((daemon) => daemon.schedules.pause(name));
      if (options.json) ctx.printJson(schedule);
      else ctx.print(`schedule ${name} is paused`);
    });
}

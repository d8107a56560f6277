/** `schedule show NAME`: all that is known of one schedule. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { describeSchedule } from '../../schedule-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<name>', 'name of the schedule')
    .option('--json', 'print the schedule as JSON')
    .action(async (name: string, options: { readonly json?: true }) => {
      const schedule = await ctx.withDaemon((daemon) => daemon.schedules.get(name));
      if (options.json) ctx.printJson(schedule);
      else for (const line of describeSchedule(schedule, ctx.paint)) ctx.print(line);
    });
}

/** `schedule list`: the schedules, their next and last runs. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { scheduleTable } from '../../schedule-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"schedules":[…]} as JSON')
    .action(async (options: { readonly json?: true }) => {
      const schedules = await ctx.withDaemon((daemon) => daemon.schedules.list());
      if (options.json) ctx.printJson({ schedules });
      else for (const line of scheduleTable(schedules, ctx.paint)) ctx.print(line);
    });
}

/** `schedule resume NAME`: start its runs again, from now on. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<name>', 'name of the schedule')
    .option('--json', 'print the schedule as JSON')
    .action(async (name: string, options: { readonly json?: true }) => {
      const schedule = await ctx.withDaemon((daemon) => daemon.schedules.resume(name));
      if (options.json) ctx.printJson(schedule);
      else ctx.print(`schedule ${name} runs next at ${schedule.nextRun ?? 'no time: it is off'}`);
    });
}

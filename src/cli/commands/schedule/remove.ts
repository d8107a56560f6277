/** `schedule remove NAME`: forget a schedule; its jobs stay. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<name>', 'name of the schedule')
    .option('--json', 'print what was removed as JSON')
    .action(async (name: string, options: { readonly json?: true }) => {
      await ctx.withDaemon((daemon) => daemon.schedules.remove(name));
      if (options.json) ctx.printJson({ name, removed: true });
      else ctx.print(`schedule ${name} is removed`);
    });
}

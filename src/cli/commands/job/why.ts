/** `job why ID`: what the job is waiting for, in words. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { paintState } from '../../painter.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('--json', 'print {"id":…,"state":…,"reasons":[…]} as JSON')
    .action(async (id: string, options: { readonly json?: true }) => {
      const why = await ctx.withDaemon((daemon) => daemon.why(id));
      if (options.json) {
        ctx.printJson(why);
        return;
      }
      const state = paintState(ctx.paint, why.state);
      ctx.print(`job ${why.id} (${why.type}) on ${why.queue} is ${state}`);
      for (const { text } of why.reasons) ctx.print(`- ${text}`);
    });
}

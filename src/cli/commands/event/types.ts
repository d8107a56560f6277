/** `event types`: which event types there are, how each is delivered and kept, how much the log has of it. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { eventTypeTable } from '../../event-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"types":[…],"droppedVolatile":…} as JSON, with the schemas')
    .action(async (options: { readonly json?: true }) => {
      const view = await ctx.withDaemon((daemon) => daemon.event.types());
      if (options.json) ctx.printJson(view);
      else for (const line of eventTypeTable(view.types)) ctx.print(line);
    });
}

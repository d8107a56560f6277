/** `key list`: the keys that the daemon knows, and how much each has encrypted. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { keyTable } from '../../key-table.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"keys":[…],"plain":…} as JSON')
    .action(async (options: { readonly json?: true }) => {
      const view = await ctx.withDaemon((daemon) => daemon.keys.list());
      if (options.json) ctx.printJson(view);
      else for (const line of keyTable(view)) ctx.print(line);
    });
}

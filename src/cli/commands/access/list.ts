/** `access list`: who may subscribe to what. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { formatTable } from '../../table.ts';

interface ListOptions {
  readonly user?: string;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .option('-u, --user <id>', 'only the grants of this user')
    .option('--json', 'print {"grants":[…]} as JSON')
    .action(async (options: ListOptions) => {
      const grants = await ctx.withDaemon((daemon) => daemon.access.listGrants(options.user));
      if (options.json) {
        ctx.printJson({ grants });
        return;
      }
      const rows = grants.map(({ user, type, id }) => [user, type, id]);
      for (const line of formatTable([['USER', 'TYPE', 'ID'], ...rows])) ctx.print(line);
    });
}

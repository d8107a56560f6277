/** `user list`: the users of the directory. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { cell, formatTable } from '../../table.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"users":[…]} as JSON')
    .action(async (options: { readonly json?: true }) => {
      const users = await ctx.withDaemon((daemon) => daemon.access.listUsers());
      if (options.json) {
        ctx.printJson({ users });
        return;
      }
      const rows = users.map(({ id, name, active, createdAt }) => {
        return [id, cell(name), createdAt, active ? 'active' : 'inactive'];
      });
      for (const line of formatTable([['ID', 'NAME', 'CREATED', 'STATE'], ...rows]))
        ctx.print(line);
    });
}

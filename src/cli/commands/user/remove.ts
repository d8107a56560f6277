/** `user remove ID`: takes a user out of the directory, with all grants. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the user')
    .option('--json', 'print {"id":"…","removed":true} as JSON')
    .action(async (id: string, options: { readonly json?: true }) => {
      await ctx.withDaemon((daemon) => daemon.access.removeUser(id));
      if (options.json) ctx.printJson({ id, removed: true });
      else ctx.print(`user ${id} is removed`);
    });
}

/** `access recheck USER`: has the answers about a user asked for again, and its live subscriptions looked at. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<user>', 'id of the user')
    .option('--json', 'print {"user":"…","rechecked":true} as JSON')
    .action(async (user: string, options: { readonly json?: true }) => {
      await ctx.withDaemon((daemon) => daemon.access.recheck(user));
      if (options.json) ctx.printJson({ user, rechecked: true });
      else ctx.print(`what user ${user} may see is asked for again`);
    });
}

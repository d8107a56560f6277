/** `access grant USER TYPE ID`: lets a user subscribe to an object. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<user>', 'id of the user')
    .argument('<type>', 'event type')
    .argument(
      '<id>',
      'id of the object; * for every object of the type, proj1.* for those whose id begins so',
    )
    .option('--json', 'print the grant as JSON')
    .action(async (user: string, type: string, id: string, options: { readonly json?: true }) => {
      const grant = await ctx.withDaemon((daemon) => daemon.access.grant({ user, type, id }));
      if (options.json) ctx.printJson(grant);
      else ctx.print(`user ${user} may subscribe to ${type} ${id}`);
    });
}

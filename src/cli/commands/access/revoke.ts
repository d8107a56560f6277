/** `access revoke USER TYPE ID`: takes a grant back. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<user>', 'id of the user')
    .argument('<type>', 'event type')
    .argument('<id>', 'id of the object, as it was granted')
    .option('--json', 'print {"user":"…","type":"…","id":"…","revoked":true} as JSON')
    .action(async (user: string, type: string, id: string, options: { readonly json?: true }) => {
      await ctx.withDaemon((daemon) => daemon.access.revoke({ user, type, id }));
      if (options.json) ctx.printJson({ user, type, id, revoked: true });
      else ctx.print(`user ${user} may no longer subscribe to ${type} ${id}`);
    });
}

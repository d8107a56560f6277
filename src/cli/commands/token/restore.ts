/** `token restore ID`: takes a revocation back. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the revocation, as `token revocations` shows it')
    .option('--json', 'print {"id":"…","restored":true} as JSON')
    .action(async (id: string, { json }: { readonly json?: true }) => {
      await ctx.withDaemon((daemon) => daemon.tokens.restore(id));
      if (json) ctx.printJson({ id, restored: true });
      else ctx.print(`revocation ${id} is taken back: its tokens count again until they expire`);
    });
}

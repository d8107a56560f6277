/** `key rotate`: encrypts with the current key what is not, and waits until it is done. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { keyTable } from '../../key-table.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"rewritten":…,"unreadable":…,"keys":[…],"plain":…} as JSON')
    .action(async (options: { readonly json?: true }) => {
      const done = await ctx.withDaemon((daemon) => daemon.keys.rotate(ctx.signal));
      if (options.json) {
        ctx.printJson(done);
        return;
      }
      for (const line of keyTable(done)) ctx.print(line);
      ctx.note(`${done.rewritten} texts encrypted anew`);
      if (done.unreadable > 0) ctx.warn(`${done.unreadable} cannot be opened and stay as they are`);
      const idle = done.keys.filter(({ state, texts }) => state !== 'current' && texts === 0);
      if (idle.length > 0) ctx.note(`no longer needed: ${idle.map(({ id }) => id).join(', ')}`);
    });
}

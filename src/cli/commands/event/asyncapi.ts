/** `event asyncapi`: the events of the running daemon as an AsyncAPI 3 document. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'as without it: the document is JSON')
    .action(async () => ctx.printJson(await ctx.withDaemon((daemon) => daemon.event.asyncApi())));
}

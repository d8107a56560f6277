/** `web_socket restart [--rolling]`: fresh gateways. The port stays open, and clients are asked to come back. */
import type { Command } from 'commander';
import type { GatewayRestartOptions } from '../../../client/gateway-client.ts';
import type { CliContext } from '../../cli-context.ts';
import { onlyGiven, parseDuration } from '../../option-parsers.ts';
import { cell } from '../../table.ts';

interface Options {
  readonly rolling?: true;
  readonly timeout?: number;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--rolling', 'one after the other, without refusing a connection')
    .option(
      '--timeout <duration>',
      'close the connections of a process that is replaced within so long (default: drainTime)',
      parseDuration,
    )
    .option('--json', 'print {"replaced":[…]} as JSON')
    .action(async ({ rolling, timeout: timeoutMs, json }: Options) => {
      const options: GatewayRestartOptions = onlyGiven({ rolling, timeoutMs, signal: ctx.signal });
      const replaced = await ctx.withDaemon((daemon) => daemon.restartGateways(options));
      if (json) {
        ctx.printJson({ replaced });
        return;
      }
      for (const { pid, successor } of replaced) {
        ctx.print(`${cell(pid)} is replaced by ${cell(successor.pid)}`);
      }
      if (replaced.length === 0) ctx.note('There was no gateway to replace.');
    });
}

/** `web_socket server`: a service that serves events, without executors. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { runService } from '../../service-command.ts';

export function define(command: Command, ctx: CliContext): void {
  command.action(() => runService(ctx, 'web_socket'));
}

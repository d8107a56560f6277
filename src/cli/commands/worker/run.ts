/** `worker run`: a service that runs jobs, without the event gateway. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { runService } from '../../service-command.ts';

export function define(command: Command, ctx: CliContext): void {
  command.action(() => runService(ctx, 'worker'));
}

/** `status`: the service at a glance, and what to do about what is wrong. */
import type { Command } from 'commander';
import { exitCodeOf } from '../../protocol/errors.ts';
import type { CliContext } from '../cli-context.ts';
import { problemsOf } from '../status/problems.ts';
import { describeStatus } from '../status/status-text.ts';

/** It answers and does not work, or not all of it: try again, or look at what it says. */
const NOT_READY_EXIT_CODE = exitCodeOf('E_UNAVAILABLE');

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print the status as JSON')
    .action(async (options: { readonly json?: true }) => {
      const status = await ctx.withDaemon((daemon) => daemon.status({ details: true }));
      const problems = problemsOf(status);
      if (!status.ready) ctx.exitWith(NOT_READY_EXIT_CODE);
      if (options.json) ctx.printJson({ ...status, problems });
      else {
        const page = { status, problems, now: ctx.world.now() };
        for (const line of describeStatus(page, ctx.paint)) ctx.print(line);
      }
    });
}

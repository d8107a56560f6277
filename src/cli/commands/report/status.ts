/** `report status`: how the report client stands. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { describeReport } from '../../report-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print the status as JSON')
    .action(async (options: { readonly json?: true }) => {
      const report = await ctx.withDaemon((daemon) => daemon.report());
      if (options.json) ctx.printJson(report);
      else for (const line of describeReport(report, ctx.paint)) ctx.print(line);
    });
}

/** `queue list`: the queues and their unfinished jobs. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { formatTable } from '../../table.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"queues":[…]} as JSON')
    .action(async (options: { readonly json?: true }) => {
      const queues = await ctx.withDaemon((daemon) => daemon.queues());
      if (options.json) {
        ctx.printJson({ queues });
        return;
      }
      const rows = queues.map(({ name, paused, jobs }) => {
        const counts = [jobs.scheduled, jobs.queued, jobs.running, jobs.retrying].map(String);
        return [name, ...counts, paused ? ctx.paint('paused', 'yellow') : 'open'];
      });
      const head = ['QUEUE', 'SCHEDULED', 'QUEUED', 'RUNNING', 'RETRYING', 'STATE'];
      for (const line of formatTable([head, ...rows])) ctx.print(line);
    });
}

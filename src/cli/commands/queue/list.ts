/** `queue list`: the queues and their unfinished jobs. */
import type { Command } from 'commander';
import type { QueueView } from '../../../client/client.ts';
import type { CliContext } from '../../cli-context.ts';
import type { Painter } from '../../painter.ts';
import { latencyCell, rateCell } from '../../queue-text.ts';
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
      const rows = queues.map((queue) => rowOf(queue, ctx.paint));
      for (const line of formatTable([HEAD, ...rows])) ctx.print(line);
    });
}

const HEAD = [
  ...['QUEUE', 'WAITING', 'SCHEDULED', 'QUEUED', 'RUNNING', 'RETRYING'],
  ...['OLDEST', 'ENDED/S', 'STATE'],
];

function rowOf(queue: QueueView, paint: Painter): readonly string[] {
  const { name, mode, jobs, oldest, throughput } = queue;
  const { waiting, scheduled, queued, running, retrying } = jobs;
  return [
    name,
    ...[waiting, scheduled, queued, running, retrying].map(String),
    latencyCell(oldest),
    rateCell(throughput?.lastMinute),
    mode === 'open' ? mode : paint(mode, 'yellow'),
  ];
}

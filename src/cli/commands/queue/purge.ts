/** `queue purge NAME`: end everything that waits in a queue without running it. */
import type { Command } from 'commander';
import { addBulkOptions, type BulkOptions, runBulk } from '../../bulk-command.ts';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command.argument('<name>', 'name of the queue; jobs without one are in default');
  addBulkOptions(command).action((queue: string, options: BulkOptions) =>
    runBulk(
      ctx,
      {
        ...{ verb: 'purge', done: `cancelled in ${queue}`, filter: { queue } },
        call: (daemon, filter, how) => daemon.bulk.purge(filter, how),
      },
      options,
    ),
  );
}

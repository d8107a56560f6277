/** `job move [ID…] --queue NAME`: take jobs that wait to another queue. */
import type { Command } from 'commander';
import { addBulkOptions, type BulkOptions, runBulk } from '../../bulk-command.ts';
import type { CliContext } from '../../cli-context.ts';
import { addFilterOptions, type FilterOptions, filterOf } from '../../filter-options.ts';

interface MoveOptions extends Omit<FilterOptions, 'queue'>, BulkOptions {
  readonly queue: string;
  readonly from?: string;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[ids...]', 'ids of the jobs; without any, jobs are chosen by the options')
    .requiredOption('-q, --queue <name>', 'queue to move to')
    .option('--from <name>', 'jobs of this queue');
  addBulkOptions(addFilterOptions(command)).action(
    async (ids: readonly string[], { queue, from, ...options }: MoveOptions) => {
      const chosen = { ...options, ...(from === undefined ? {} : { queue: from }) };
      await runBulk(
        ctx,
        {
          ...{ verb: 'move', done: `moved to ${queue}`, filter: filterOf(ids, chosen) },
          call: (daemon, filter, how) => daemon.bulk.move(filter, queue, how),
        },
        options,
      );
    },
  );
}

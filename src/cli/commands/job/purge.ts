/** `job purge [ID…]`: cancel jobs that wait, remove the records of ended ones. */
import type { Command } from 'commander';
import { addBulkOptions, type BulkOptions, runBulk } from '../../bulk-command.ts';
import type { CliContext } from '../../cli-context.ts';
import {
  addFilterOptions,
  addQueueFilter,
  type FilterOptions,
  filterOf,
} from '../../filter-options.ts';

export function define(command: Command, ctx: CliContext): void {
  command.argument('[ids...]', 'ids of the jobs; without any, jobs are chosen by the options');
  addBulkOptions(addQueueFilter(addFilterOptions(command))).action(
    (ids: readonly string[], options: FilterOptions & BulkOptions) =>
      runBulk(
        ctx,
        {
          ...{ verb: 'purge', done: 'purged', filter: filterOf(ids, options) },
          call: (daemon, filter, how) => daemon.bulk.purge(filter, how),
        },
        options,
      ),
  );
}

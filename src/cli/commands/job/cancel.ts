/** `job cancel [ID…]`: end jobs, or take them out of their queues. */
import type { Command } from 'commander';
import { addBulkOptions, type BulkOptions, runBulk } from '../../bulk-command.ts';
import type { CliContext } from '../../cli-context.ts';
import {
  addFilterOptions,
  addQueueFilter,
  type FilterOptions,
  filterOf,
} from '../../filter-options.ts';
import { describeState } from '../../job-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command.argument('[ids...]', 'ids of the jobs; without any, jobs are chosen by the options');
  addBulkOptions(addQueueFilter(addFilterOptions(command))).action(
    async (ids: readonly string[], options: FilterOptions & BulkOptions) => {
      const [id] = ids;
      const filter = filterOf(ids, options);
      const alone = Object.keys(filter ?? {}).length === 1 && ids.length === 1 && !options.dryRun;
      if (alone && id !== undefined) return cancelOne(ctx, id, options);
      await runBulk(
        ctx,
        {
          ...{ verb: 'cancel', done: 'cancelled, or told to stop where they run', filter },
          call: (daemon, chosen, how) => daemon.bulk.cancel(chosen, how),
        },
        options,
      );
    },
  );
}

async function cancelOne(
  ctx: CliContext,
  id: string,
  options: { readonly json?: true },
): Promise<void> {
  const job = await ctx.withDaemon((daemon) => daemon.cancel(id));
  if (options.json) ctx.printJson(job);
  else ctx.print(describeState(job));
}

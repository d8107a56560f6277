/** `job retry [ID…]`: queue failed or cancelled jobs again. */
import type { Command } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import { addBulkOptions, type BulkOptions, runBulk } from '../../bulk-command.ts';
import type { CliContext } from '../../cli-context.ts';
import {
  addFilterOptions,
  addQueueFilter,
  type FilterOptions,
  filterOf,
} from '../../filter-options.ts';

interface RetryOptions extends FilterOptions, BulkOptions {
  readonly dependents?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[ids...]', 'ids of the jobs; without any, jobs are chosen by the options')
    .option('--dependents', 'and let those wait for it again that were ended because of it');
  addBulkOptions(addQueueFilter(addFilterOptions(command))).action(
    async (ids: readonly string[], { dependents, ...options }: RetryOptions) => {
      const [id] = ids;
      const filter = filterOf(ids, options);
      const alone = Object.keys(filter ?? {}).length === 1 && ids.length === 1 && !options.dryRun;
      if (alone && id !== undefined) return retryOne(ctx, id, { ...options, dependents });
      if (dependents) throw dependentsOfMany();
      await runBulk(
        ctx,
        {
          ...{ verb: 'retry', done: 'queued again', filter },
          call: (daemon, chosen, how) => daemon.bulk.retry(chosen, how),
        },
        options,
      );
    },
  );
}

async function retryOne(
  ctx: CliContext,
  id: string,
  { dependents = false, json }: { readonly dependents?: boolean | undefined; readonly json?: true },
): Promise<void> {
  const job = await ctx.withDaemon((daemon) => daemon.retry(id, { dependents }));
  if (json) ctx.printJson(job);
  // Not its state: it may be running again already.
  else ctx.print(`job ${job.id} (${job.type}) is to run again`);
}

function dependentsOfMany(): TaskbellError {
  return new TaskbellError('E_USAGE', '--dependents goes with one job.', {
    hint: 'Retry the jobs one by one, or leave it out and retry the dependents by --state failed.',
  });
}

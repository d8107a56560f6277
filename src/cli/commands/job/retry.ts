/** `job retry ID`: queue a failed or cancelled job again. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

interface RetryOptions {
  readonly dependents?: true;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('--dependents', 'and let those wait for it again that were ended because of it')
    .option('--json', 'print the job as JSON')
    .action(async (id: string, options: RetryOptions) => {
      const { dependents = false } = options;
      const job = await ctx.withDaemon((daemon) => daemon.retry(id, { dependents }));
      if (options.json) ctx.printJson(job);
      // Not its state: it may be running again already.
      else ctx.print(`job ${job.id} (${job.type}) is to run again`);
    });
}

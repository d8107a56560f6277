/** `job wait ID`: until the job has ended; the exit code says how. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { finishWith } from '../../job-text.ts';
import { parseDuration } from '../../option-parsers.ts';
import { waitForJob } from '../../wait-for-job.ts';

interface WaitOptions {
  readonly timeout?: number;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option(
      '--timeout <duration>',
      'give up after so long (exit 75); the job goes on',
      parseDuration,
    )
    .option('--json', 'print the job as JSON')
    .action(async (id: string, options: WaitOptions) => {
      const job = await ctx.withDaemon((daemon) => waitForJob(ctx, daemon, id, options.timeout));
      finishWith(ctx, job, options);
    });
}

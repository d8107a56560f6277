/** `queue drain NAME`: take no more jobs; what is there runs to its end. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { parseDuration } from '../../option-parsers.ts';
import { withQueueName } from '../../queue-suggestion.ts';

interface DrainOptions {
  readonly wait?: true;
  readonly timeout?: number;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<name>', 'name of the queue; jobs without one are in default')
    .option('-w, --wait', 'wait until it is empty')
    .option(
      '--timeout <duration>',
      'wait no longer (exit 75); the queue stays closed',
      parseDuration,
    )
    .option('--json', 'print the queue as JSON')
    .action(async (name: string, options: DrainOptions) => {
      const queue = await ctx.withDaemon(async (daemon) => {
        const drained = await withQueueName(ctx, { daemon, name }, () => daemon.drainQueue(name));
        const limit = options.timeout === undefined ? {} : { timeoutMs: options.timeout };
        if (!options.wait) return drained;
        const goesOn = () => `the queue ${name} takes no more jobs and runs those that it has`;
        return ctx.interruptible(goesOn, () =>
          daemon.waitForQueue(name, { signal: ctx.signal, ...limit }),
        );
      });
      if (options.json) {
        ctx.printJson(queue);
        return;
      }
      const left = Object.values(queue.jobs).reduce((sum, n) => sum + n, 0);
      const words = left === 0 ? 'is empty' : `holds ${left} unfinished jobs`;
      ctx.print(`queue ${name} takes no more jobs and ${words}`);
    });
}

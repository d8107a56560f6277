/** `worker quiet PID|--all`: take no more jobs; what runs goes on. */
import type { Command } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { CliContext } from '../../cli-context.ts';
import { parseInteger } from '../../option-parsers.ts';
import { describeWorkers } from '../../worker-text.ts';

interface Options {
  readonly all?: true;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[pid]', 'process id of the executor', parseInteger(1, 2 ** 31))
    .option('--all', 'every executor')
    .option('--json', 'print {"workers":[…]} as JSON')
    .action(async (pid: number | undefined, options: Options) => {
      if ((pid === undefined) !== (options.all === true)) throw notOneOfTwo();
      const workers = await ctx.withDaemon((daemon) => daemon.quietWorker(pid));
      if (options.json) {
        ctx.printJson({ workers });
        return;
      }
      for (const line of describeWorkers(workers, ctx.paint, Date.now())) ctx.print(line);
      ctx.note('They take no more jobs until they are replaced: taskbell worker restart --rolling');
    });
}

function notOneOfTwo(): TaskbellError {
  return new TaskbellError('E_USAGE', 'Expected either a pid or --all.', {
    hint: '`taskbell worker list` names the executors.',
  });
}

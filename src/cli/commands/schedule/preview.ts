/** `schedule preview [NAME]`: the next runs of a schedule, or of times that no schedule has yet. */
import type { Command } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { RunView } from '../../../protocol/schedules.ts';
import type { CliContext } from '../../cli-context.ts';
import { onlyGiven, parseInteger, parseTime } from '../../option-parsers.ts';
import { addTimingOptions, type TimingOptions, timingOf } from '../../schedule-options.ts';
import { runTable } from '../../schedule-text.ts';

interface PreviewOptions extends TimingOptions {
  readonly count?: number;
  readonly after?: string;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  addTimingOptions(command.argument('[name]', 'name of a schedule; else give --cron or --every'))
    .option('-n, --count <number>', 'runs to print, 1 to 1000 (default 10)', parseInteger(1, 1000))
    .option('--after <time>', 'with --cron or --every: runs after this time, not now', parseTime)
    .option('--json', 'print {"runs":[…]} as JSON')
    .action(async (name: string | undefined, options: PreviewOptions) => {
      const runs = await preview(ctx, name, options);
      if (options.json) ctx.printJson({ runs });
      else for (const line of runTable(runs)) ctx.print(line);
    });
}

function preview(
  ctx: CliContext,
  name: string | undefined,
  { count, after, ...options }: PreviewOptions,
): Promise<readonly RunView[]> {
  const timing = timingOf(options);
  const hasTimes = Object.keys(timing).length > 0 || after !== undefined;
  if (hasTimes === (name !== undefined)) {
    throw new TaskbellError('E_USAGE', 'Expected either the name of a schedule, or its times.', {
      hint: 'taskbell schedule preview nightly, or taskbell schedule preview --cron "30 2 * * *".',
    });
  }
  return ctx.withDaemon(({ schedules }) =>
    name === undefined
      ? schedules.previewTimes({ ...timing, ...onlyGiven({ count, after }) })
      : schedules.preview(name, count),
  );
}

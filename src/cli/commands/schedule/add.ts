/** `schedule add NAME`: have the daemon add a job at set times; a schedule of this name is changed. */
import type { Command } from 'commander';
import type { ScheduleRequest } from '../../../protocol/schedules.ts';
import type { CliContext } from '../../cli-context.ts';
import { readJsonArgument } from '../../json-input.ts';
import { onlyGiven, parseInteger } from '../../option-parsers.ts';
import { addTimingOptions, choice, type TimingOptions, timingOf } from '../../schedule-options.ts';

interface AddOptions extends TimingOptions {
  readonly job: string;
  readonly payload?: string;
  readonly queue?: string;
  readonly priority?: number;
  readonly user?: string;
  readonly missed?: 'skip' | 'last' | 'all';
  readonly missedLimit?: number;
  readonly overlap?: 'allow' | 'skip' | 'queue' | 'cancel-previous';
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  addTimingOptions(command.argument('<name>', 'name of the schedule'))
    .requiredOption('-j, --job <type>', 'type of the job that is added')
    .option('--payload <json>', 'its payload: JSON, @file, or - for standard input')
    .option('-q, --queue <name>', 'queue, instead of the one of its type')
    .option(
      '-p, --priority <number>',
      'higher runs first, -1000 to 1000',
      parseInteger(-1000, 1000),
    )
    .option('-u, --user <id>', 'user who hears of the end')
    .addOption(
      choice('--missed <policy>', 'runs of a time without a daemon (default last)', [
        'skip',
        'last',
        'all',
      ]),
    )
    .option(
      '--missed-limit <number>',
      'with --missed all: at most so many (default 100)',
      parseInteger(1, 10_000),
    )
    .addOption(
      choice('--overlap <policy>', 'when the run before has not ended (default allow)', [
        'allow',
        'skip',
        'queue',
        'cancel-previous',
      ]),
    )
    .option('--json', 'print the schedule as JSON')
    .action((name: string, options: AddOptions) => addSchedule(ctx, name, options));
}

async function addSchedule(ctx: CliContext, name: string, options: AddOptions): Promise<void> {
  const request: ScheduleRequest = {
    name,
    ...timingOf(options),
    job: options.job,
    payload:
      options.payload === undefined
        ? null
        : await readJsonArgument(ctx, options.payload, 'payload'),
    ...onlyGiven({
      queue: options.queue,
      priority: options.priority,
      userId: options.user,
      missed: options.missed,
      missedLimit: options.missedLimit,
      overlap: options.overlap,
    }),
  };
  const schedule = await ctx.withDaemon((daemon) => daemon.schedules.add(request));
  if (options.json) ctx.printJson(schedule);
  else ctx.print(`schedule ${name} runs next at ${schedule.nextRun ?? 'no time: it is paused'}`);
}

/** `job add TYPE [JSON|@file|-]`: hand one job to the running daemon. */
import { type Command, Option } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import {
  type AddedJob,
  DEPENDENCY_POLICIES,
  type DependencyPolicy,
  type Durability,
  UNIQUE_POLICIES,
  type UniquePolicy,
} from '../../../protocol/jobs.ts';
import type { CliContext } from '../../cli-context.ts';
import { describeAdded, finishWith } from '../../job-text.ts';
import { readJsonArgument } from '../../json-input.ts';
import { onlyGiven, parseDuration, parseInteger, parseTime } from '../../option-parsers.ts';
import { waitForJob } from '../../wait-for-job.ts';

interface AddOptions {
  readonly delay?: number;
  readonly at?: string;
  readonly priority?: number;
  readonly queue?: string;
  readonly group?: string;
  readonly unique?: string;
  readonly uniqueBy?: 'payload';
  readonly uniquePolicy?: UniquePolicy;
  readonly uniqueWindow?: number;
  readonly uniqueMaxWait?: number;
  readonly after?: readonly string[];
  readonly onDependencyFailure?: DependencyPolicy;
  readonly durability?: Durability;
  readonly retries?: number;
  readonly timeout?: number;
  readonly user?: string;
  readonly wait?: true;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<type>', 'job type: the name of its handler')
    .argument('[payload]', 'JSON, @file, or - for standard input; null when omitted')
    .option(
      '-d, --delay <duration>',
      'wait before the first run (500ms, 30s, 15m, 2h)',
      parseDuration,
    )
    .option('--at <time>', 'run not before this time (ISO 8601 with zone)', parseTime)
    .option(
      '-p, --priority <number>',
      'higher runs first, -1000 to 1000',
      parseInteger(-1000, 1000),
    )
    .option('-q, --queue <name>', 'queue, instead of the one of its type')
    .option('-g, --group <key>', 'group that it takes turns and limits with: a tenant, say')
    .option('--unique <key>', 'add nothing while a job of this type and key is unfinished')
    .addOption(uniqueBy())
    .addOption(uniquePolicy())
    .option('--unique-window <duration>', 'hold the key so long, ended or not', parseDuration)
    .option(
      '--unique-max-wait <duration>',
      'debounce: run after so long at the latest',
      parseDuration,
    )
    .option('--after <ids>', 'run when these jobs have ended: 17 or 17,18', (ids) => ids.split(','))
    .addOption(dependencyPolicy())
    .addOption(durability())
    .option('--retries <number>', 'further attempts after a failure', parseInteger(0, 1000))
    .option('--timeout <duration>', 'time limit of one attempt', parseDuration)
    .option('-u, --user <id>', 'user who hears of the end')
    .option('-w, --wait', 'wait for the end; exit 0 if it succeeded, 1 if not')
    .option('--json', 'print the job as JSON')
    .action((type: string, payload: string | undefined, options: AddOptions) =>
      addJob(ctx, { type, payload }, options),
    );
}

function uniqueBy(): Option {
  return new Option('--unique-by <what>', 'payload: its hash is the key').choices(['payload']);
}

function uniquePolicy(): Option {
  const words = 'what becomes of a job that holds the key';
  return new Option('--unique-policy <policy>', words).choices(UNIQUE_POLICIES);
}

function dependencyPolicy(): Option {
  const words = 'what becomes of it when one of these does not succeed (fail)';
  return new Option('--on-dependency-failure <policy>', words).choices(DEPENDENCY_POLICIES);
}

function durability(): Option {
  const words = 'os: accepted before it is on disk; lost in a power cut, not in a crash';
  return new Option('--durability <kind>', words).choices(['disk', 'os']);
}

async function addJob(
  ctx: CliContext,
  { type, payload }: { readonly type: string; readonly payload: string | undefined },
  options: AddOptions,
): Promise<void> {
  if (options.delay !== undefined && options.at !== undefined) {
    throw new TaskbellError('E_USAGE', '--delay and --at exclude each other.', {
      hint: 'Say either how long to wait or when to run.',
    });
  }
  const value = payload === undefined ? null : await readJsonArgument(ctx, payload, 'payload');
  await ctx.withDaemon(async (daemon) => {
    const added = await daemon.add(type, value, jobOptions(options));
    if (!options.wait) return printAdded(ctx, added, options);
    if (!options.json) ctx.note(describeAdded(added));
    finishWith(ctx, await waitForJob(ctx, daemon, added.id), options);
  });
}

function jobOptions(options: AddOptions) {
  return onlyGiven({
    delayMs: options.delay,
    runAt: options.at,
    priority: options.priority,
    queue: options.queue,
    group: options.group,
    ...uniqueOptions(options),
    after: options.after,
    onDependencyFailure: options.onDependencyFailure,
    durability: options.durability,
    retries: options.retries,
    timeoutMs: options.timeout,
    userId: options.user,
  });
}

/** The daemon says what does not fit together. */
function uniqueOptions(options: AddOptions) {
  const { unique: key, uniqueBy: by, uniquePolicy: policy } = options;
  const { uniqueWindow: windowMs, uniqueMaxWait: maxWaitMs } = options;
  const unique = onlyGiven({ key, by, policy, windowMs, maxWaitMs });
  const more = Object.keys(unique).some((name) => name !== 'key');
  return more ? { unique } : { uniqueKey: key };
}

function printAdded(ctx: CliContext, added: AddedJob, options: AddOptions): void {
  if (options.json) ctx.printJson(added);
  else ctx.print(describeAdded(added));
}

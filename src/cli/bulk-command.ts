/**
 * A command that changes many jobs: shows what it would do, asks, has it done, says what came of it.
 * Jobs that are named one by one are asked about by nobody.
 */
import type { Command } from 'commander';
import type {
  BulkAnswer,
  BulkOptions as ClientBulkOptions,
  JobFilter,
  TaskbellClient,
} from '../client/client.ts';
import { exitCodeOf, TaskbellError } from '../protocol/errors.ts';
import type { CliContext } from './cli-context.ts';
import { confirm, mayBeAsked } from './confirmation.ts';
import { jobTable } from './job-table.ts';
import { withProgress } from './progress.ts';

export interface BulkOptions {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

export interface BulkWork {
  /** As in `cancel 3 jobs?`. */
  readonly verb: string;
  /** As in `3 jobs cancelled`. */
  readonly done: string;
  readonly filter: JobFilter | undefined;
  readonly call: (
    daemon: TaskbellClient,
    filter: JobFilter,
    options: BulkCallOptions,
  ) => Promise<BulkAnswer>;
}

type BulkCallOptions = ClientBulkOptions & { readonly signal: AbortSignal };

export function addBulkOptions(command: Command): Command {
  return command
    .option('--dry-run', 'count the jobs and show ten of them; change nothing')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print {"matched":…,"changed":…,"failed":…,"failures":[…]} as JSON');
}

export async function runBulk(
  ctx: CliContext,
  work: BulkWork,
  options: BulkOptions,
): Promise<void> {
  const filter = work.filter ?? nothingNamed(work.verb);
  await ctx.withDaemon(async (daemon) => {
    const { signal } = ctx;
    if (options.dryRun) {
      showPreview(ctx, await work.call(daemon, filter, { dryRun: true, signal }), options);
      return;
    }
    const asked = isNamed(filter) || options.yes ? ASKED_NOBODY : await ask(ctx, daemon, work);
    if (!asked.isWanted) return;
    showOutcome(ctx, work, await changeAll(ctx, daemon, work, asked.expected), options);
  });
}

/** @param expected jobs that fit, where they were counted */
function changeAll(
  ctx: CliContext,
  daemon: TaskbellClient,
  { verb, done, filter = {}, call }: BulkWork,
  expected: number | undefined,
): Promise<BulkAnswer> {
  const goesOn = () => `what was ${done} by now stays so; the same command does the rest`;
  return withProgress(ctx, { label: verb, goesOn }, (progress) =>
    call(daemon, filter, {
      signal: ctx.signal,
      onProgress: ({ matched }) => {
        const share = expected === undefined ? undefined : matched / expected;
        progress.show({ share, text: jobs(matched) });
      },
    }),
  );
}

const LOOK_FIRST = 'Look with --dry-run at what would be done, and add --yes to do it.';

/** By ids alone. */
function isNamed(filter: JobFilter): boolean {
  return Object.keys(filter).every((key) => key === 'ids');
}

interface Asked {
  readonly isWanted: boolean;
  /** How many jobs fitted. */
  readonly expected: number | undefined;
}

const ASKED_NOBODY: Asked = { isWanted: true, expected: undefined };

async function ask(
  ctx: CliContext,
  daemon: TaskbellClient,
  { verb, filter = {}, call }: BulkWork,
): Promise<Asked> {
  // Counted only for who can be asked.
  const preview = mayBeAsked(ctx)
    ? await call(daemon, filter, { dryRun: true, signal: ctx.signal })
    : undefined;
  const { examples = [] } = preview ?? {};
  if (examples.length > 0) for (const line of jobTable(examples, ctx.paint)) ctx.warn(line);
  if (preview !== undefined && preview.matched > examples.length) ctx.warn('…');
  const what = preview === undefined ? 'all jobs that fit' : jobs(preview.matched);
  const isWanted = await confirm(ctx, `${verb} ${what}?`, LOOK_FIRST);
  if (!isWanted) ctx.note('nothing was changed');
  return { isWanted, expected: preview?.matched };
}

function showPreview(ctx: CliContext, answer: BulkAnswer, { json }: BulkOptions): void {
  if (json) {
    ctx.printJson(answer);
    return;
  }
  const { examples = [], matched } = answer;
  if (examples.length > 0) for (const line of jobTable(examples, ctx.paint)) ctx.print(line);
  if (matched > examples.length) ctx.print('…');
  ctx.print(`${jobs(matched)}; nothing was changed`);
}

function showOutcome(
  ctx: CliContext,
  { done, filter = {} }: BulkWork,
  answer: BulkAnswer,
  { json }: BulkOptions,
): void {
  const { changed, failed, failures } = answer;
  // By a filter some may always be in another state by now; a job that was named is to be answered for.
  if (failed > 0 && isNamed(filter)) ctx.exitWith(exitCodeOf('E_CONFLICT'));
  if (json) {
    ctx.printJson(answer);
    return;
  }
  ctx.print(`${jobs(changed)} ${done}`);
  for (const { id, message, code } of failures) ctx.warn(`not job ${id}: ${message} (${code})`);
  if (failed > failures.length) ctx.warn(`… and ${failed - failures.length} more`);
}

function jobs(count: number): string {
  return count === 1 ? '1 job' : `${count} jobs`;
}

function nothingNamed(verb: string): never {
  throw new TaskbellError('E_USAGE', `${verb}: no jobs were named.`, {
    hint: 'Name ids, or choose by --state, --type, --queue and others; --help lists them.',
  });
}

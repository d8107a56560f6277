/** `job wait ID…`: until the jobs have ended, or one of them; the exit code says how. */
import type { Command } from 'commander';
import type { TaskbellClient } from '../../../client/client.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { JobView } from '../../../protocol/jobs.ts';
import type { CliContext } from '../../cli-context.ts';
import { finishWith } from '../../job-text.ts';
import { parseDuration } from '../../option-parsers.ts';
import { noteAbsence, waitForJob } from '../../wait-for-job.ts';

interface WaitOptions {
  readonly any?: true;
  readonly timeout?: number;
  readonly json?: true;
}

/** Each is waited for on a connection of its own. */
const MAX_ANY = 100;

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id...>', 'ids of the jobs')
    .option('--any', 'until one of them has ended, instead of all')
    .option(
      '--timeout <duration>',
      'give up after so long (exit 75); the jobs go on',
      parseDuration,
    )
    .option('--json', 'print the job as JSON; of several {"jobs":[…]}')
    .action((ids: readonly string[], options: WaitOptions) =>
      ctx.withDaemon(async (daemon) => {
        const [id = ''] = ids;
        if (options.any) finishWith(ctx, await waitForAny(ctx, daemon, ids, options), options);
        else if (ids.length > 1) await waitForAll(ctx, daemon, ids, options);
        else finishWith(ctx, await waitForJob(ctx, daemon, id, options.timeout), options);
      }),
    );
}

/** One after the other: a job that has ended meanwhile is answered at once. */
async function waitForAll(
  ctx: CliContext,
  daemon: TaskbellClient,
  ids: readonly string[],
  { timeout, json }: WaitOptions,
): Promise<void> {
  const endMono = performance.now() + (timeout ?? 0);
  const jobs: JobView[] = [];
  for (const id of ids) {
    const left = Math.max(1, Math.ceil(endMono - performance.now()));
    const job = await waitForJob(ctx, daemon, id, timeout === undefined ? undefined : left);
    jobs.push(job);
    if (json) {
      if (job.state !== 'succeeded') ctx.exitWith(1);
    } else finishWith(ctx, job, {});
  }
  if (json) ctx.printJson({ jobs });
}

async function waitForAny(
  ctx: CliContext,
  daemon: TaskbellClient,
  ids: readonly string[],
  { timeout }: WaitOptions,
): Promise<JobView> {
  if (ids.length > MAX_ANY) {
    throw new TaskbellError('E_USAGE', `--any takes at most ${MAX_ANY} jobs, got ${ids.length}.`, {
      hint: 'Add a batch, whose callback runs when all have ended, or follow `event tail`.',
    });
  }
  const others = new AbortController();
  const signal = AbortSignal.any([ctx.signal, others.signal]);
  const onAway = absenceOnce(ctx);
  const options = { signal, onAway, ...(timeout === undefined ? {} : { timeoutMs: timeout }) };
  const goesOn = () => 'the jobs go on; the same command waits for them again';
  try {
    return await ctx.interruptible(goesOn, () =>
      Promise.race(ids.map((id) => daemon.wait(id, options))),
    );
  } finally {
    others.abort();
  }
}

/** Every one of the waits notices that the daemon is away. */
function absenceOnce(ctx: CliContext): () => void {
  let isNoted = false;
  return () => {
    if (!isNoted) noteAbsence(ctx);
    isNoted = true;
  };
}

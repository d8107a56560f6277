/** `flow add FILE|-`: jobs that depend on each other, or a batch with its callback; all or none. */
import type { Command } from 'commander';
import type { TaskbellClient } from '../../../client/client.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { AddedJob, BatchRequest, JobRequest } from '../../../protocol/jobs.ts';
import type { Json } from '../../../protocol/json.ts';
import type { CliContext } from '../../cli-context.ts';
import { describeAdded, finishWith } from '../../job-text.ts';
import { readJsonArgument } from '../../json-input.ts';
import { paintState } from '../../painter.ts';
import { waitForJob } from '../../wait-for-job.ts';

interface AddOptions {
  readonly wait?: true;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<file>', 'JSON file, or - for standard input')
    .option('-w, --wait', 'wait for the end of all of them; exit 0 if they succeeded, 1 if not')
    .option('--json', 'print the jobs as JSON')
    .addHelpText('after', HELP)
    .action((file: string, options: AddOptions) => addFlow(ctx, file, options));
}

const HELP = `
The file holds an array of jobs, or {"jobs": […]}, or with a job that runs at the end
{"jobs": […], "callback": {…}}. A job is what "job add --json" prints a part of:
  [{"type": "fetch", "ref": "a"},
   {"type": "parse", "ref": "b", "after": ["a"], "onDependencyFailure": "cancel"}]`;

async function addFlow(ctx: CliContext, file: string, options: AddOptions): Promise<void> {
  const input = await readJsonArgument(ctx, file === '-' ? file : `@${file}`, 'flow');
  const flow = readFlow(input);
  await ctx.withDaemon((daemon) =>
    Array.isArray(flow)
      ? addJobs(ctx, { daemon, jobs: flow }, options)
      : addBatch(ctx, { daemon, batch: flow as BatchRequest }, options),
  );
}

/** What is wrong inside of a job, the daemon says. */
function readFlow(input: Json): readonly JobRequest[] | BatchRequest {
  if (Array.isArray(input)) return input as unknown as readonly JobRequest[];
  if (typeof input === 'object' && input !== null && 'jobs' in input) {
    const { jobs, callback: _, ...rest } = input as { readonly [key: string]: Json };
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw unknownField(unknown);
    if (Array.isArray(jobs)) {
      return 'callback' in input
        ? (input as unknown as BatchRequest)
        : (jobs as unknown as readonly JobRequest[]);
    }
  }
  throw new TaskbellError(
    'E_INVALID_REQUEST',
    'A flow is an array of jobs, or an object with the array `jobs`.',
    { hint: 'taskbell flow add --help shows one.' },
  );
}

/** A misspelt callback must not be dropped in silence. */
function unknownField(name: string): TaskbellError {
  const words = `The flow has the unknown field ${name}: expected jobs, and callback.`;
  return new TaskbellError('E_INVALID_REQUEST', words, {
    hint: 'taskbell flow add --help shows one.',
  });
}

async function addJobs(
  ctx: CliContext,
  { daemon, jobs }: { readonly daemon: TaskbellClient; readonly jobs: readonly JobRequest[] },
  options: AddOptions,
): Promise<void> {
  const added = await daemon.addMany(jobs);
  if (!options.wait) {
    if (options.json) ctx.printJson({ jobs: added });
    else for (const [n, job] of added.entries()) ctx.print(describeMember(jobs[n], job));
    return;
  }
  const ended = [];
  for (const { id } of added) ended.push(await waitForJob(ctx, daemon, id));
  if (ended.some(({ state }) => state !== 'succeeded')) ctx.exitWith(1);
  if (options.json) ctx.printJson({ jobs: ended });
  else {
    for (const [n, job] of ended.entries()) {
      ctx.print(
        `${nameOf(jobs[n])}job ${job.id} (${job.type}) ${paintState(ctx.paint, job.state)}`,
      );
    }
  }
}

async function addBatch(
  ctx: CliContext,
  { daemon, batch }: { readonly daemon: TaskbellClient; readonly batch: BatchRequest },
  options: AddOptions,
): Promise<void> {
  const added = await daemon.addBatch(batch);
  const { callback, jobs } = added;
  if (options.wait) {
    finishWith(ctx, await waitForJob(ctx, daemon, callback.id), options);
  } else if (options.json) {
    ctx.printJson(added);
  } else {
    ctx.print(`added ${jobs.length} jobs; ${describeAdded(callback)}, when they have ended`);
  }
}

function describeMember(request: JobRequest | undefined, job: AddedJob): string {
  return `${nameOf(request)}${describeAdded(job)}`;
}

function nameOf(request: JobRequest | undefined): string {
  return request?.ref === undefined ? '' : `${request.ref}: `;
}

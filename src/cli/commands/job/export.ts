/** `job export`: jobs as lines that `job import` takes. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { JobRequest } from '../../../client/client.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { CliContext } from '../../cli-context.ts';
import {
  addFilterOptions,
  addQueueFilter,
  type FilterOptions,
  filterOf,
} from '../../filter-options.ts';

interface ExportOptions extends FilterOptions {
  readonly output?: string;
  readonly reveal?: true;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command.argument('[ids...]', 'ids of the jobs; without any, those that wait');
  addQueueFilter(addFilterOptions(command))
    .option('-o, --output <file>', 'write to this file, which must not be there yet')
    .option('--reveal', 'with fields that [privacy] redact hides: where it hides any, needed')
    .option('--json', 'with --output: print {"jobs":…,"file":…}; the lines are JSON anyway')
    .action(async (ids: readonly string[], options: ExportOptions) => {
      const { output, reveal } = options;
      await ctx.withDaemon(async (daemon) => {
        const jobs = daemon.exportJobs(filterOf(ids, options) ?? {}, ctx.signal, reveal);
        if (output === undefined) await print(ctx, jobs);
        else await writeFile(ctx, jobs, { ...options, file: resolve(ctx.world.cwd, output) });
      });
    });
}

async function print(ctx: CliContext, jobs: AsyncIterable<JobRequest>): Promise<void> {
  for await (const job of jobs) {
    ctx.print(JSON.stringify(job));
    await ctx.drained();
    ctx.signal.throwIfAborted();
  }
}

async function writeFile(
  ctx: CliContext,
  jobs: AsyncIterable<JobRequest>,
  { file, json }: { readonly file: string; readonly json?: true },
): Promise<void> {
  let count = 0;
  const lines = async function* () {
    for await (const job of jobs) {
      count += 1;
      yield `${JSON.stringify(job)}\n`;
    }
  };
  const handle = await create(file);
  try {
    await pipeline(lines, handle.createWriteStream());
  } catch (error) {
    // Half a file must not be taken for a whole one.
    await rm(file, { force: true });
    throw isFileError(error) ? notWritten(file, error) : error;
  }
  if (json) ctx.printJson({ jobs: count, file });
  else ctx.print(`exported ${count} jobs to ${file}`);
}

/** Before anything else may fail: what is removed after a failure is then certainly ours. */
async function create(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'wx', 0o600);
  } catch (error) {
    throw isFileError(error) ? notWritten(file, error) : error;
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof TaskbellError) && 'syscall' in error;
}

function notWritten(path: string, cause: NodeJS.ErrnoException): TaskbellError {
  const why = cause.code === 'EEXIST' ? 'is there already' : `cannot be written (${cause.code})`;
  return new TaskbellError('E_CANNOT_CREATE', `The file ${path} ${why}.`, {
    hint: 'Choose another name, or leave --output out and redirect standard output.',
    cause,
  });
}

/** `job export`: jobs as lines that `job import` takes. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
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
}

export function define(command: Command, ctx: CliContext): void {
  command.argument('[ids...]', 'ids of the jobs; without any, those that wait');
  addQueueFilter(addFilterOptions(command))
    .option('-o, --output <file>', 'write to this file, which must not be there yet')
    .option('--reveal', 'with fields that [privacy] redact hides: where it hides any, needed')
    .action(async (ids: readonly string[], { output, reveal, ...options }: ExportOptions) => {
      await ctx.withDaemon(async (daemon) => {
        const jobs = daemon.exportJobs(filterOf(ids, options) ?? {}, ctx.signal, reveal);
        if (output === undefined) await print(ctx, jobs);
        else await writeFile(ctx, jobs, resolve(ctx.world.cwd, output));
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
  path: string,
): Promise<void> {
  let count = 0;
  const lines = async function* () {
    for await (const job of jobs) {
      count += 1;
      yield `${JSON.stringify(job)}\n`;
    }
  };
  try {
    await pipeline(lines, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    // Half a file must not be taken for a whole one; one that was there before is left alone.
    if (!isFileError(error) || error.code !== 'EEXIST') await rm(path, { force: true });
    throw isFileError(error) ? notWritten(path, error) : error;
  }
  ctx.print(`exported ${count} jobs to ${path}`);
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

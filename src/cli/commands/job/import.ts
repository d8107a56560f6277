/** `job import FILE|-`: add the jobs of a file, a chunk at a time. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ImportProgress, ImportStopped, TaskbellClient } from '../../../client/client.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { CliContext } from '../../cli-context.ts';
import { parseInteger } from '../../option-parsers.ts';
import { withProgress } from '../../progress.ts';
import { readTextLines, type TextLine } from '../../text-lines.ts';

interface ImportOptions {
  readonly chunk?: number;
  readonly fromLine?: number;
  readonly importId?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Where the lines come from. */
interface Source {
  readonly name: string;
  readonly lines: AsyncIterable<TextLine>;
  /** Bytes; undefined for a pipe. */
  readonly size: number | undefined;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<file>', 'a job a line, each as POST /v1/jobs takes it; - for standard input')
    .option(
      '--chunk <number>',
      'jobs that are added together, all or none (default 1000)',
      parseInteger(1, 10_000),
    )
    .option(
      '--from-line <number>',
      'begin at this line, which an import before told',
      parseInteger(1, 1_000_000_000_000),
    )
    .option('--import-id <text>', 'name of this import: the same file under another is added again')
    .option('--dry-run', 'check every line and add nothing')
    .option('--json', 'print {"lines":…,"jobs":…,"duplicates":…,"repeated":…} as JSON')
    .action(async (file: string, options: ImportOptions) => {
      const source = await openSource(ctx, file, options);
      if (options.dryRun) await checkOnly(ctx, source, options);
      else await ctx.withDaemon((daemon) => importAll(ctx, daemon, source, options));
    });
}

async function openSource(ctx: CliContext, file: string, options: ImportOptions): Promise<Source> {
  const from = options.fromLine ?? 1;
  // Knows the shape of jobs, which takes longer to load than the help of this command.
  const { readJobLines } = await import('../../job-lines.ts');
  if (file === '-') {
    const name = 'standard input';
    const lines = readJobLines(readTextLines(ctx.world.stdin, name), { name, from });
    return { name, lines, size: undefined };
  }
  const path = resolve(ctx.world.cwd, file);
  const { size } = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause);
  });
  const bytes = readFileBytes(path);
  return {
    name: path,
    lines: readJobLines(readTextLines(bytes, path), { name: path, from }),
    size,
  };
}

async function* readFileBytes(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException);
  }
}

async function checkOnly(ctx: CliContext, { lines, name }: Source, options: ImportOptions) {
  let count = 0;
  for await (const _ of lines) count += 1;
  if (options.json) ctx.printJson({ lines: count, jobs: 0, duplicates: 0, repeated: 0 });
  else ctx.print(`${name}: ${count} jobs, every line is right; nothing was added`);
}

async function importAll(
  ctx: CliContext,
  daemon: TaskbellClient,
  { lines, size }: Source,
  options: ImportOptions,
): Promise<void> {
  const startedAt = ctx.world.now();
  let reached = 0;
  const watched = watch(lines, (end) => {
    reached = end;
  });
  const { chunk, importId } = options;
  const label = {
    label: 'importing',
    goesOn: () => 'jobs of whole chunks that were sent are there',
  };
  try {
    const facts = await withProgress(ctx, label, (progress) =>
      daemon.importLines(watched, {
        ...(chunk === undefined ? {} : { chunk }),
        ...(importId === undefined ? {} : { importId }),
        onProgress: ({ jobs }) => {
          const share = size === undefined || size === 0 ? undefined : reached / size;
          progress.show({ share, text: describeRate(jobs, ctx.world.now() - startedAt) });
        },
        signal: ctx.signal,
      }),
    );
    report(ctx, facts, options);
  } catch (error) {
    // Loaded by now, with the daemon's client; not for the help of this command.
    const client = await import('../../../client/client.ts');
    throw error instanceof client.ImportStopped ? stoppedAt(ctx, error, options) : error;
  }
}

/** `420,000 jobs, 31,400/s`. Pure. */
function describeRate(jobs: number, elapsedMs: number): string {
  const rate = elapsedMs > 0 ? Math.round((jobs * 1_000) / elapsedMs) : 0;
  return `${jobs.toLocaleString('en')} jobs, ${rate.toLocaleString('en')}/s`;
}

async function* watch(
  lines: AsyncIterable<TextLine>,
  onLine: (end: number) => void,
): AsyncGenerator<TextLine> {
  for await (const line of lines) {
    onLine(line.end);
    yield line;
  }
}

function report(ctx: CliContext, facts: ImportProgress, { json }: ImportOptions): void {
  const { jobs, duplicates, repeated } = facts;
  if (json) {
    ctx.printJson({ lines: jobs, jobs, duplicates, repeated });
    return;
  }
  ctx.print(`imported ${jobs - duplicates - repeated} jobs`);
  if (duplicates > 0) ctx.print(`${duplicates} were not added: another job has their unique key`);
  if (repeated > 0) {
    ctx.print(`${repeated} were there already, from an import of the same lines`);
    ctx.note('  To add them once more, give this import another name with --import-id.');
  }
}

/** Says what is there, and how to go on. */
function stoppedAt(
  ctx: CliContext,
  stopped: ImportStopped,
  { chunk, importId }: ImportOptions,
): Error {
  const { code, message, resumeFrom, progress, cause } = stopped;
  const more = [
    ...(chunk === undefined ? [] : [`--chunk ${chunk}`]),
    ...(importId === undefined ? [] : [`--import-id ${importId}`]),
    `--from-line ${resumeFrom}`,
  ];
  const there = `${progress.jobs} jobs were added, none of the chunk that begins at line ${resumeFrom}.`;
  const goOn = `go on with ${more.join(' ')}: what is there is not added twice.`;
  if (ctx.interruption !== undefined) return ctx.interruption.saying(`${there} To ${goOn}`);
  const hint = `${there} Correct the file without adding or removing lines, and ${goOn}`;
  return new TaskbellError(code, message, { hint, cause });
}

function unreadable(path: string, cause: NodeJS.ErrnoException): TaskbellError {
  const why = cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code})`;
  return new TaskbellError('E_INPUT_FILE', `The file ${path} ${why}.`, {
    hint: 'Name a readable file, or pass `-` to read standard input.',
    cause,
  });
}

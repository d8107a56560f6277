/**
 * `init [DIRECTORY]`: config.ini, a development key pair and a sample handler.
 *
 * Asks nothing and overwrites nothing: what exists is kept, and said so.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { makeDirectory } from '../../process/make-directory.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import type { CliContext } from '../cli-context.ts';
import { SAMPLE_HANDLER, STARTING_CONFIG, STARTING_GITIGNORE } from '../init-files.ts';

interface Made {
  readonly path: string;
  readonly isNew: boolean;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[directory]', 'where to; the current directory when omitted')
    .option('--json', 'print {"directory":…,"created":[…],"kept":[…]} as JSON')
    .action(async (directory: string | undefined, options: { readonly json?: true }) => {
      const target = resolve(ctx.world.cwd, directory ?? '.');
      const made = await makeFiles(target);
      if (options.json) ctx.printJson(toJson(target, made));
      else describe(ctx, target, made);
    });
}

async function makeFiles(directory: string): Promise<readonly Made[]> {
  makeOrExplain(directory);
  const jobs = join(directory, 'jobs');
  const jobsExisted = existsSync(jobs);
  makeOrExplain(jobs);
  return [
    // It may come to hold secrets, and is refused then if others can read it.
    makeFile(join(directory, 'config.ini'), STARTING_CONFIG, 0o600),
    ...(await makeKeys(directory)),
    // Someone's own handlers need no sample beside them.
    jobsExisted
      ? { path: jobs, isNew: false }
      : makeFile(join(jobs, 'hello.mjs'), SAMPLE_HANDLER, 0o644),
    makeFile(join(directory, '.gitignore'), STARTING_GITIGNORE, 0o644),
  ];
}

async function makeKeys(directory: string): Promise<readonly Made[]> {
  const files = ['private.pem', 'public.pem'].map((name) => join(directory, 'keys', name));
  const existing = files.filter((file) => existsSync(file));
  if (existing.length > 0) return existing.map((path) => ({ path, isNew: false }));
  const { createKeyPair } = await import('../../auth/signing.ts');
  createKeyPair(directory);
  return files.map((path) => ({ path, isNew: true }));
}

function makeOrExplain(directory: string): void {
  try {
    // Never writable by others: handlers are code that the service runs.
    makeDirectory(directory, 0o755);
  } catch (cause) {
    throw cannotCreate(directory, cause);
  }
}

function makeFile(path: string, text: string, mode: number): Made {
  try {
    writeFileSync(path, text, { flag: 'wx', mode });
    return { path, isNew: true };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return { path, isNew: false };
    throw cannotCreate(path, cause);
  }
}

function cannotCreate(path: string, cause: unknown): TaskbellError {
  const { code } = cause as NodeJS.ErrnoException;
  return new TaskbellError('E_CANNOT_CREATE', `${path} cannot be made (${code}).`, {
    hint: 'Check that the directory may be written to and that the disk has space.',
    cause,
  });
}

function toJson(directory: string, made: readonly Made[]) {
  const paths = (isNew: boolean) =>
    made.filter((one) => one.isNew === isNew).map(({ path }) => path);
  return { directory, created: paths(true), kept: paths(false) };
}

function describe(ctx: CliContext, directory: string, made: readonly Made[]): void {
  for (const { path, isNew } of made) ctx.print(`${isNew ? 'created' : 'kept   '} ${path}`);
  const change = directory === ctx.world.cwd ? '' : `cd ${directory} && `;
  ctx.note(`next: ${change}taskbell up, and in another terminal`);
  ctx.note(`      ${change}taskbell job add hello '{"name":"Ada"}' --wait`);
}

/**
 * The handler of a `[job:NAME] command = …`: what the type is, and what an ended command means.
 *
 * The program comes from configuration only; nothing of a job ever becomes part of the argument list.
 */
import type { JobTypeSettings } from '../config/settings.ts';
import type { TypeManifest } from '../protocol/execute.ts';
import type { JobError } from '../protocol/jobs.ts';
import { readResult } from './command-output.ts';
import { type CommandEnd, CommandRun, type CommandSurroundings } from './command-run.ts';
import type { Ending, Handler } from './handler.ts';

/** EX_DATAERR of sysexits: the input is wrong, so trying again is pointless. */
const EXIT_NOT_RETRYABLE = 65;

export function createCommandHandler(job: JobTypeSettings, around: CommandSurroundings): Handler {
  // The settings of the section are applied by the core, which has them too.
  const manifest: TypeManifest = { name: job.name, kind: 'command', schema: false, settings: {} };
  return {
    manifest,
    validate: async () => null,
    run: async (run) => {
      if (run.signal.aborted) return { kind: 'stopped' };
      return endingOf(await new CommandRun(job, around, run).run());
    },
  };
}

function endingOf(end: CommandEnd): Ending {
  if (end.kind === 'not-started') {
    return { kind: 'failed', error: notStarted(end), retryable: end.retryable };
  }
  const facts = { usage: end.usage, exitCode: end.exitCode ?? undefined };
  // Then its exit code is about that, not about the job.
  if (end.stopped) return { kind: 'stopped', ...facts };
  if (end.exitCode === 0) return { kind: 'succeeded', result: readResult(end.lastLine), ...facts };
  const retryable = end.exitCode !== EXIT_NOT_RETRYABLE;
  return { kind: 'failed', error: failure(end), retryable, ...facts };
}

function failure(end: CommandEnd & { readonly kind: 'ended' }): JobError {
  const how =
    end.exitCode === null
      ? `command was ended by ${end.signal ?? 'an unknown signal'}`
      : `command exited with code ${end.exitCode}`;
  const tail = end.errorTail.join('\n');
  return { name: 'CommandFailed', message: tail === '' ? how : `${how}\n${tail}` };
}

function notStarted(end: CommandEnd & { readonly kind: 'not-started' }): JobError {
  return { name: 'CommandNotStarted', message: end.problem };
}

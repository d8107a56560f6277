/** Jobs in words, and the exit code that a job's end means. */
import { type AddedJob, isFinished, type JobSummary, type JobView } from '../protocol/jobs.ts';
import type { CliContext } from './cli-context.ts';
import { paintState } from './painter.ts';
import { formatMs } from './table.ts';

export function describeAdded(job: AddedJob): string {
  if (job.duplicate) return describeHolder(job);
  const when = job.runAt === null ? '' : ` for ${job.runAt}`;
  return `added job ${job.id} (${job.type}): ${job.state}${when} on ${job.queue}`;
}

/** What became of an add whose unique key is held. */
function describeHolder(job: AddedJob): string {
  const name = `job ${job.id} (${job.type})`;
  const when = job.runAt === null ? '' : ` for ${job.runAt}`;
  switch (job.unique) {
    case 'replaced':
      return `${name} took this payload: ${job.state}${when} on ${job.queue}`;
    case 'postponed':
      return `${name} took this payload and was put off: ${job.state}${when} on ${job.queue}`;
    case 'follows':
      return `${name} has this unique key and is ${job.state}: one more runs when it has ended`;
    default:
      return isFinished(job.state)
        ? `${name} has this unique key for a while yet, and has ended: ${job.state}`
        : `${name} has this unique key and is not finished: ${job.state}`;
  }
}

/** A running job that was cancelled is still running until its handler lets go. */
export function describeState(job: JobSummary): string {
  const still = isFinished(job.state) || job.state === 'queued' ? '' : ' still';
  return `job ${job.id} (${job.type}) is${still} ${job.state}`;
}

/** Prints how the job ended; exit code 1 unless it succeeded. */
export function finishWith(ctx: CliContext, job: JobView, options: { readonly json?: true }): void {
  if (job.state !== 'succeeded') ctx.exitWith(1);
  if (options.json) {
    ctx.printJson(job);
    return;
  }
  ctx.print(describeEnd(ctx, job));
  if (job.result !== null) ctx.print(`result: ${JSON.stringify(job.result)}`);
  if (job.error !== null) ctx.print(`error: ${job.error.name}: ${job.error.message}`);
}

function describeEnd(ctx: CliContext, job: JobView): string {
  const state = paintState(ctx.paint, job.state);
  const reason = job.reason === null ? '' : ` (${job.reason})`;
  const attempts = job.attempt === 1 ? '1 attempt' : `${job.attempt} attempts`;
  return `job ${job.id} (${job.type}) ${state}${reason} after ${attempts}, ${formatMs(job.duration)}`;
}

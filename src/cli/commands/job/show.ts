/** `job show ID`: all that is known of one job. */
import type { Command } from 'commander';
import type {
  AttemptView,
  BackoffRequest,
  DependencyCounts,
  JobView,
} from '../../../protocol/jobs.ts';
import type { CliContext } from '../../cli-context.ts';
import { explainEnd } from '../../job-end-text.ts';
import { type Painter, paintState } from '../../painter.ts';
import { cell, formatMs, formatTable } from '../../table.ts';
import { progressText } from '../../wait-for-job.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('--reveal', 'show fields that [privacy] redact hides; the daemon logs it')
    .option('--json', 'print the job as JSON')
    .action(async (id: string, options: { readonly reveal?: true; readonly json?: true }) => {
      const { reveal = false } = options;
      const job = await ctx.withDaemon((daemon) => daemon.get(id, { reveal }));
      if (options.json) ctx.printJson(job);
      else for (const line of describeJob(job, ctx.paint)) ctx.print(line);
    });
}

function describeJob(job: JobView, paint: Painter): readonly string[] {
  const end = explainEnd(job);
  const facts: [string, string | null][] = [
    ['id', job.id],
    ['type', job.type],
    ['state', paintState(paint, job.state) + (job.reason === null ? '' : ` (${job.reason})`)],
    ['means', end?.means ?? null],
    ['next', end?.next ?? null],
    ['queue', `${job.queue}, priority ${job.priority}`],
    ...describeTerms(job),
    ['created', job.createdAt],
    ['runs at', job.runAt],
    ['ended', job.endedAt],
    ['duration', job.duration === null ? null : formatMs(job.duration)],
    ['progress', job.progress === null ? null : progressText(job.progress)],
    ['payload', JSON.stringify(job.payload)],
    ['result', job.result === null ? null : JSON.stringify(job.result)],
    ['error', job.error === null ? null : `${job.error.name}: ${job.error.message}`],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === null ? [] : [`${name.padEnd(9)} ${value}`],
  );
  return job.attempts.length === 0 ? lines : [...lines, '', ...attemptTable(job.attempts)];
}

/** What it was added with, beyond its type and payload. */
function describeTerms(job: JobView): readonly [string, string | null][] {
  const { uniqueKey, uniqueUntil = null, timeoutMs = null, retries = null, backoff = null } = job;
  const until = uniqueUntil === null ? '' : `, held until ${uniqueUntil}`;
  return [
    ['group', job.group],
    ['user', job.userId],
    ['schedule', job.schedule ?? null],
    ['unique', uniqueKey === null ? null : `${uniqueKey}${until}`],
    ['after', job.dependencies === undefined ? null : describeDependencies(job.dependencies)],
    ['retries', retries === null ? null : String(retries)],
    ['backoff', backoff === null ? null : describeBackoff(backoff)],
    ['timeout', timeoutMs === null ? null : timeoutMs === 0 ? 'none' : formatMs(timeoutMs)],
    ['durable', job.durability === 'os' ? 'os: accepted before it is on disk' : null],
  ];
}

/** `linear, 500 ms, at most 1 min 0 s`. */
function describeBackoff({ kind, delayMs, limitMs }: BackoffRequest): string {
  const delay = delayMs === undefined ? [] : [formatMs(delayMs)];
  const limit = limitMs === undefined ? [] : [`at most ${formatMs(limitMs)}`];
  return [...(kind === undefined ? [] : [kind]), ...delay, ...limit].join(', ');
}

/** `3 jobs: 1 unfinished, 2 succeeded`. */
function describeDependencies({ total, ...states }: DependencyCounts): string {
  const parts = Object.entries(states).flatMap(([state, n]) => (n === 0 ? [] : [`${n} ${state}`]));
  return `${total} ${total === 1 ? 'job' : 'jobs'}: ${parts.join(', ')}`;
}

function attemptTable(attempts: readonly AttemptView[]): readonly string[] {
  const rows = attempts.map((one) => [
    String(one.attempt),
    one.startedAt,
    formatMs(one.duration),
    one.cpuMs === null ? '-' : formatMs(one.cpuMs),
    one.peakBytes === null ? '-' : `${(one.peakBytes / 1_048_576).toFixed(1)} MiB`,
    one.outcome,
    cell(one.error?.message.split('\n')[0]),
  ]);
  return formatTable([
    ['ATTEMPT', 'STARTED', 'DURATION', 'CPU', 'PEAK', 'OUTCOME', 'ERROR'],
    ...rows,
  ]);
}

/** `job show ID`: all that is known of one job. */
import type { Command } from 'commander';
import type { AttemptView, DependencyCounts, JobView } from '../../../protocol/jobs.ts';
import type { CliContext } from '../../cli-context.ts';
import { type Painter, paintState } from '../../painter.ts';
import { cell, formatMs, formatTable } from '../../table.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('--json', 'print the job as JSON')
    .action(async (id: string, options: { readonly json?: true }) => {
      const job = await ctx.withDaemon((daemon) => daemon.get(id));
      if (options.json) ctx.printJson(job);
      else for (const line of describeJob(job, ctx.paint)) ctx.print(line);
    });
}

function describeJob(job: JobView, paint: Painter): readonly string[] {
  const facts: [string, string | null][] = [
    ['id', job.id],
    ['type', job.type],
    ['state', paintState(paint, job.state) + (job.reason === null ? '' : ` (${job.reason})`)],
    ['queue', `${job.queue}, priority ${job.priority}`],
    ['user', job.userId],
    ['unique', job.uniqueKey],
    ['after', job.dependencies === undefined ? null : describeDependencies(job.dependencies)],
    ['created', job.createdAt],
    ['runs at', job.runAt],
    ['ended', job.endedAt],
    ['duration', job.duration === null ? null : formatMs(job.duration)],
    ['payload', JSON.stringify(job.payload)],
    ['result', job.result === null ? null : JSON.stringify(job.result)],
    ['error', job.error === null ? null : `${job.error.name}: ${job.error.message}`],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === null ? [] : [`${name.padEnd(9)} ${value}`],
  );
  return job.attempts.length === 0 ? lines : [...lines, '', ...attemptTable(job.attempts)];
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

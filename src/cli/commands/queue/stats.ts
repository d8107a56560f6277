/** `queue stats`: what ends, how long it takes and how often it fails, by queue and by type. */
import type { Command } from 'commander';
import type { StatsView, TypeStatsView } from '../../../client/client.ts';
import type { CliContext } from '../../cli-context.ts';
import { onlyGiven } from '../../option-parsers.ts';
import { latencyCell, rateCell } from '../../queue-text.ts';
import { cell, formatMs, formatTable } from '../../table.ts';

interface StatsOptions {
  readonly type?: string;
  readonly queue?: string;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .option('-t, --type <type>', 'only this job type')
    .option('-q, --queue <name>', 'only this queue')
    .option('--json', 'print {"since":…,"queues":[…],"types":[…]} as JSON')
    .action(async ({ json, ...filter }: StatsOptions) => {
      const stats = await ctx.withDaemon((daemon) => daemon.stats(onlyGiven(filter)));
      if (json) ctx.printJson(stats);
      else for (const line of describeStats(stats)) ctx.print(line);
    });
}

function describeStats({ since, queues, types }: StatsView): readonly string[] {
  const rows = queues.map(({ name, oldest, throughput }) => [
    name,
    latencyCell(oldest),
    rateCell(throughput?.lastMinute),
    rateCell(throughput?.lastFiveMinutes),
  ]);
  return [
    `since    ${since}`,
    '',
    ...formatTable([['QUEUE', 'OLDEST', 'ENDED/S 1MIN', 'ENDED/S 5MIN'], ...rows]),
    ...(types.length === 0 ? [] : ['', ...typeTable(types)]),
  ];
}

function typeTable(types: readonly TypeStatsView[]): readonly string[] {
  const rows = types.map(({ type, degraded, lastHour: { p50, p95, failureRate, ...counts } }) => [
    degraded ? `${type} (degraded)` : type,
    ...[counts.succeeded, counts.failed, counts.cancelled, counts.failedAttempts].map(String),
    cell(failureRate === null ? null : `${(failureRate * 100).toFixed(1)} %`),
    formatMs(p50),
    formatMs(p95),
  ]);
  const head = ['SUCCEEDED', 'FAILED', 'CANCELLED', 'FAILED ATTEMPTS', 'FAILURES', 'P50', 'P95'];
  return formatTable([['TYPE, LAST HOUR', ...head], ...rows]);
}

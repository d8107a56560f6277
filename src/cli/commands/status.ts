/** `status`: the service at a glance. */
import type { Command } from 'commander';
import type { StatusView } from '../../protocol/status.ts';
import type { CliContext } from '../cli-context.ts';
import { type Painter, paintState } from '../painter.ts';
import { cell, formatMs, formatTable } from '../table.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print the status as JSON')
    .action(async (options: { readonly json?: true }) => {
      const status = await ctx.withDaemon((daemon) => daemon.status());
      if (options.json) ctx.printJson(status);
      else for (const line of describeStatus(status, ctx.paint)) ctx.print(line);
    });
}

function describeStatus(status: StatusView, paint: Painter): readonly string[] {
  const { gateway, report, jobs } = status;
  const places = describePlaces(status.subscribers);
  const counts = Object.entries(jobs).map(([state, count]) => `${count} ${state}`);
  const events = gateway === null ? 'not served' : `ws://${hostOf(gateway)}${gateway.path}`;
  const reports = [report.state, report.url, `${report.pending} pending`, report.lastError];
  return [
    `taskbell ${status.version}  ${status.ready ? paint('ready', 'green') : paint('not ready', 'red')}`,
    `data     ${status.dataDirectory}`,
    `jobs     ${counts.join(', ')}`,
    ...describeWork(status, paint),
    `events   ${events}${places}`,
    `reports  ${reports.filter((part) => part !== null).join(', ')}`,
    '',
    ...processTable(status, paint),
  ];
}

/** Dead jobs, who waits the longest, and how many hands there are. */
function describeWork({ dead, oldest, executors }: StatusView, paint: Painter): readonly string[] {
  const { ready, total, running, slots } = executors;
  const lines = [`workers  ${ready} of ${total} ready, ${running} of ${slots} slots busy`];
  if (oldest !== null) {
    const { id, queue, latency, isExact } = oldest;
    lines.push(
      `oldest   job ${id} waits in ${queue} for ${isExact ? '' : 'at least '}${formatMs(latency)}`,
    );
  }
  if (dead > 0)
    lines.push(
      `dead     ${paint(`${dead} failed, to be looked at`, 'red')}: taskbell job list --state failed`,
    );
  return lines;
}

/** Of all gateways together: how many are connected and could be, to how much, and how far behind the log. */
function describePlaces(subscribers: StatusView['subscribers']): string {
  const { gateways, silent, connections, subscriptions, room, refused, lag } = subscribers;
  if (gateways === 0) return '';
  const facts = [
    `${connections}${room === null ? '' : ` of ${room}`} connections`,
    `${subscriptions} subscriptions`,
    ...(refused === 0 ? [] : [`${refused} refused`]),
    ...(lag === 0 ? [] : [`${lag} events behind`]),
    ...(silent === 0 ? [] : [`without ${silent} of ${gateways} gateways`]),
  ];
  return `, ${facts.join(', ')}`;
}

function hostOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function processTable(status: StatusView, paint: Painter): readonly string[] {
  const rows = status.processes.map(({ role, pid, state, restarts, since }) => {
    return [role, cell(pid), String(restarts), cell(since), paintState(paint, state)];
  });
  return formatTable([['PROCESS', 'PID', 'RESTARTS', 'SINCE', 'STATE'], ...rows]);
}

/** The status of a service as one screen of lines. Pure. */
import type { StatusDetails, StatusView } from '../../protocol/status.ts';
import type { TroubleView } from '../../protocol/troubles.ts';
import { formatAge } from '../age-text.ts';
import { formatBytes } from '../database-text.ts';
import { type Painter, paintState } from '../painter.ts';
import { cell, formatMs, formatTable } from '../table.ts';
import { plainText } from '../terminal-text.ts';
import type { ProblemView } from './problems.ts';

export interface StatusPage {
  readonly status: StatusView;
  readonly problems: readonly ProblemView[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** So many lines of each, so that all fits on a screen. */
const QUEUES = 8;
const CURSORS = 5;
const TROUBLES = 5;

export function describeStatus(page: StatusPage, paint: Painter): readonly string[] {
  const { status, problems, now } = page;
  const { details } = status;
  return [
    ...describeService(status, paint),
    ...(details === undefined ? [] : describeDetails(status, details)),
    '',
    ...processTable(page, paint),
    ...(details === undefined ? [] : queueTable(details)),
    ...(details === undefined ? [] : describeTroubles(details.troubles, now, paint)),
    ...describeProblems(problems, paint),
  ];
}

function describeService(status: StatusView, paint: Painter): readonly string[] {
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
    `reports  ${plainText(reports.filter((part) => part !== null).join(', '))}`,
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

function describeDetails({ log }: StatusView, details: StatusDetails): readonly string[] {
  const { disk, cursors, storage } = details;
  const space =
    disk.freeBytes === null
      ? ''
      : `, ${formatBytes(disk.freeBytes)} of ${formatBytes(disk.totalBytes ?? 0)} free`;
  const behind = [...cursors]
    .sort((a, b) => b.lag - a.lag)
    .slice(0, CURSORS)
    .map(({ name, lag }) => `${plainText(name)} ${lag}`);
  const lags = behind.length === 0 ? 'nobody follows it' : `behind: ${behind.join(', ')}`;
  const last = storage?.backup.last;
  return [
    `log      position ${log.top}, ${lags}`,
    `disk     database ${formatBytes(disk.databaseBytes)}, write-ahead log ${formatBytes(disk.walBytes)}${space}`,
    ...(last ? [`backup   ${last.at}, ${last.file} (${formatBytes(last.bytes)})`] : []),
  ];
}

function processTable({ status, now }: StatusPage, paint: Painter): readonly string[] {
  const vitals = new Map((status.details?.vitals ?? []).map((one) => [one.pid, one]));
  const rows = status.processes.map(({ role, pid, state, restarts, since, degraded }) => {
    const { residentBytes = null, cpuSeconds = null } = vitals.get(pid ?? -1) ?? {};
    const upMs = since === null ? null : Math.max(0, now - Date.parse(since));
    return [
      ...[role, cell(pid), String(restarts), upMs === null ? '-' : formatAge(upMs)],
      residentBytes === null ? '-' : formatBytes(residentBytes),
      cpuSeconds === null ? '-' : `${cpuSeconds.toFixed(1)} s`,
      degraded ? paint(`${state}, degraded`, 'red') : paintState(paint, state),
    ];
  });
  return formatTable([['PROCESS', 'PID', 'RESTARTS', 'UP', 'MEMORY', 'CPU', 'STATE'], ...rows]);
}

/** The fullest first. */
function queueTable({ queues }: StatusDetails): readonly string[] {
  if (queues.length === 0) return [];
  const sorted = [...queues].sort((a, b) => unfinished(b.jobs) - unfinished(a.jobs));
  const rows = sorted
    .slice(0, QUEUES)
    .map(({ name, mode, jobs, oldest, throughput }) => [
      plainText(name),
      ...[jobs.queued, jobs.running, jobs.scheduled + jobs.retrying + jobs.waiting].map(String),
      oldest ? formatAge(oldest.latency) : '-',
      throughput === undefined ? '-' : throughput.lastMinute.toFixed(1),
      mode,
    ]);
  const more = sorted.length - rows.length;
  const head = ['QUEUE', 'QUEUED', 'RUNNING', 'LATER', 'OLDEST', 'ENDED/S', 'MODE'];
  return ['', ...formatTable([head, ...rows]), ...(more > 0 ? [`… and ${more} more`] : [])];
}

function unfinished(jobs: Readonly<Record<string, number>>): number {
  return Object.values(jobs).reduce((sum, count) => sum + count, 0);
}

function describeTroubles(
  troubles: readonly TroubleView[],
  now: number,
  paint: Painter,
): readonly string[] {
  if (troubles.length === 0) return [];
  const lines = troubles.slice(-TROUBLES).map((trouble) => describeTrouble(trouble, now, paint));
  return ['', 'last warnings and errors', ...lines];
}

function describeTrouble(trouble: TroubleView, now: number, paint: Painter): string {
  const { at, level, role, pid, message, problem } = trouble;
  const ago = formatAge(now - Date.parse(at));
  const what = problem === null ? message : `${message}: ${problem}`;
  const shown = level === 'error' ? paint('error', 'red') : paint('warn ', 'yellow');
  return `  ${shown}  ${ago} ago  ${role} ${pid}  ${plainText(what)}`;
}

function describeProblems(problems: readonly ProblemView[], paint: Painter): readonly string[] {
  if (problems.length === 0) return [];
  const lines = problems.flatMap(({ level, text, remedy }) => [
    `${paint(level === 'fail' ? '✗' : '!', level === 'fail' ? 'red' : 'yellow')} ${plainText(text)}`,
    `  → ${plainText(remedy)}`,
  ]);
  return ['', ...lines];
}

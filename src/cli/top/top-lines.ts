/**
 * The screen of `top`: from what was seen and the size of the terminal to its lines. Pure.
 *
 * A small terminal gets less, never a broken line: each is at most as wide as the terminal, and there are never more
 * lines than it has. What matters most stands first.
 */

import type { QueueView } from '../../protocol/status.ts';
import type { ProcessView } from '../../protocol/supervision.ts';
import { formatAge } from '../age-text.ts';
import { formatBytes } from '../database-text.ts';
import { type Painter, paintState } from '../painter.ts';
import { problemsOf } from '../status/problems.ts';
import { clip, padTo, plainText } from '../terminal-text.ts';
import type { Series, TopState } from './history.ts';
import { sparkline } from './sparkline.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const LABELS: readonly (readonly [Series, string])[] = [
  ['ended', 'ended/s'],
  ['added', 'added/s'],
  ['running', 'running'],
  ['events', 'events/s'],
  ['connections', 'connect.'],
];

const LABEL_WIDTH = 9;
const NUMBER_WIDTH = 8;
/** Below it there is room for the figures alone. */
const TABLES_FROM_ROWS = 14;
const MAX_PROBLEMS = 3;

export function renderTop(state: TopState, size: Size, paint: Painter): readonly string[] {
  const { columns, rows } = size;
  if (rows <= 0 || columns <= 0) return [];
  const head = [headLine(state, columns, paint)];
  const foot = footLines(state, size, paint);
  const graphs = graphLines(state, columns, paint);
  const room = rows - head.length - foot.length - graphs.length;
  const tables = rows < TABLES_FROM_ROWS ? [] : tableLines(state, { columns, rows: room }, paint);
  const body = [...graphs, ...tables].slice(0, Math.max(0, rows - head.length - foot.length));
  const blank = Math.max(0, rows - head.length - body.length - foot.length);
  return [...head, ...body, ...Array<string>(blank).fill(''), ...foot].slice(0, rows);
}

function headLine({ status, away, at }: TopState, columns: number, paint: Painter): string {
  if (status === null) {
    const words = away === null ? 'asking the daemon …' : `no answer: ${plainText(away)}`;
    return paint(clip(`taskbell  ${words}`, columns), away === null ? 'dim' : 'red');
  }
  const { version, ready, startedAt, jobs } = status;
  const how = away === null ? (ready ? 'ready' : 'not ready') : 'no answer';
  const since = Date.parse(startedAt);
  const up = Number.isNaN(since) ? '' : `  up ${formatAge(at - since)}`;
  const counts = `  ${jobs.queued ?? 0} queued  ${jobs.failed ?? 0} failed`;
  const text = clip(`taskbell ${version}  ${how}${up}${counts}`, columns);
  return paint(text, away !== null ? 'red' : ready ? 'bold' : 'yellow');
}

function graphLines({ values }: TopState, columns: number, paint: Painter): readonly string[] {
  const width = Math.max(0, columns - LABEL_WIDTH - NUMBER_WIDTH - 1);
  return LABELS.map(([series, label]) => {
    const number = formatFigure(values[series].at(-1));
    const text = clip(padTo(label, LABEL_WIDTH) + padTo(number, NUMBER_WIDTH, 'right'), columns);
    return width === 0 ? text : `${text} ${paint(sparkline(values[series], width), 'cyan')}`;
  });
}

function formatFigure(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  return Number.isInteger(value) || value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

/** Half of the room for queues at the least; what processes do not need, queues get. */
function tableLines(state: TopState, room: Size, paint: Painter): readonly string[] {
  const processes = processLines(state, room.columns, paint);
  const forProcesses = Math.min(processes.length, Math.floor(room.rows / 2));
  const queues = queueLines(state, { columns: room.columns, rows: room.rows - forProcesses });
  const left = room.rows - queues.length;
  return [...queues, ...cut(processes, left)];
}

function cut(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  // A heading without a line below it says nothing.
  return most < 3 ? [] : lines.slice(0, most);
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly side: 'left' | 'right';
}

const QUEUE_COLUMNS: readonly Column[] = [
  { title: 'QUEUED', width: 9, side: 'right' },
  { title: 'RUNNING', width: 9, side: 'right' },
  { title: 'LATER', width: 9, side: 'right' },
  { title: 'ENDED/S', width: 9, side: 'right' },
  { title: 'OLDEST', width: 11, side: 'right' },
  { title: 'MODE', width: 10, side: 'right' },
];

function queueLines({ status }: TopState, { columns, rows }: Size): readonly string[] {
  const queues = [...(status?.details?.queues ?? [])].sort(byWork);
  if (queues.length === 0 || rows < 3) return [];
  const { head, line } = layOut('QUEUE', QUEUE_COLUMNS, columns);
  const room = rows - 2;
  const fitting = queues.length > room ? queues.slice(0, room - 1) : queues;
  const lines = fitting.map((queue) => line(plainText(queue.name), cellsOf(queue)));
  const more = queues.length - fitting.length;
  return ['', head, ...lines, ...(more > 0 ? [clip(`… and ${more} more`, columns)] : [])];
}

function cellsOf({ jobs, throughput, oldest, mode }: QueueView): readonly string[] {
  return [
    formatFigure(jobs.queued),
    formatFigure(jobs.running),
    formatFigure(jobs.scheduled + jobs.retrying + jobs.waiting),
    throughput === undefined ? '-' : throughput.lastMinute.toFixed(1),
    oldest ? formatAge(oldest.latency) : '-',
    mode,
  ];
}

function byWork(a: QueueView, b: QueueView): number {
  return (
    b.jobs.running + b.jobs.queued - (a.jobs.running + a.jobs.queued) || (a.name < b.name ? -1 : 1)
  );
}

const PROCESS_COLUMNS: readonly Column[] = [
  { title: 'PID', width: 9, side: 'right' },
  { title: 'CPU', width: 7, side: 'right' },
  { title: 'MEMORY', width: 11, side: 'right' },
  { title: 'UP', width: 11, side: 'right' },
  { title: 'RESTARTS', width: 10, side: 'right' },
  { title: 'STATE', width: 10, side: 'right' },
];

function processLines(state: TopState, columns: number, paint: Painter): readonly string[] {
  const processes = state.status?.processes ?? [];
  if (processes.length === 0) return [];
  const { head, line } = layOut('PROCESS', PROCESS_COLUMNS, columns);
  const lines = processes.map((process) => {
    const text = line(process.role, factsOf(process, state));
    return process.state === 'ready'
      ? text
      : text.replace(process.state, paintState(paint, process.state));
  });
  return ['', head, ...lines];
}

function factsOf({ pid, since, restarts, state }: ProcessView, top: TopState): readonly string[] {
  const share = pid === null ? undefined : top.cpu.get(pid);
  const vitals = top.status?.details?.vitals.find((one) => one.pid === pid);
  const bytes = vitals?.residentBytes ?? null;
  return [
    pid === null ? '-' : String(pid),
    share === undefined ? '-' : `${Math.round(share * 100)} %`,
    bytes === null ? '-' : formatBytes(bytes),
    since === null ? '-' : formatAge(top.at - Date.parse(since)),
    String(restarts),
    state,
  ];
}

const LEAST_NAME = 8;
const MOST_NAME = 40;

interface Layout {
  readonly head: string;
  readonly line: (name: string, cells: readonly string[]) => string;
}

/** As many columns as there is room for, the first ones first. @param title of the column of names */
function layOut(title: string, all: readonly Column[], columns: number): Layout {
  const shown: Column[] = [];
  let left = columns - Math.min(columns, LEAST_NAME);
  for (const column of all) {
    if (column.width > left) break;
    left -= column.width;
    shown.push(column);
  }
  const nameWidth = Math.min(MOST_NAME, Math.min(columns, LEAST_NAME) + left);
  const line = (name: string, cells: readonly string[]): string => {
    const rest = shown.map(({ width, side }, at) => padTo(` ${cells[at] ?? ''}`, width, side));
    return `${padTo(name, nameWidth)}${rest.join('')}`.trimEnd();
  };
  const titles = shown.map((column) => column.title);
  return { head: line(title, titles), line };
}

/** Problems, and the keys; a terminal of a few lines has the keys alone. */
function footLines(state: TopState, { columns, rows }: Size, paint: Painter): readonly string[] {
  if (rows < 3) return [];
  const keys = paint(clip('q quits', columns), 'dim');
  if (rows < TABLES_FROM_ROWS || state.status === null) return [keys];
  const problems = problemsOf(state.status).slice(0, MAX_PROBLEMS);
  const lines = problems.map(({ level, text, remedy }) =>
    paint(
      clip(`${level === 'fail' ? '✗' : '!'} ${plainText(`${text} → ${remedy}`)}`, columns),
      level === 'fail' ? 'red' : 'yellow',
    ),
  );
  return [...lines, keys];
}

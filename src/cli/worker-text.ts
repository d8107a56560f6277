/** Executors as lines for people. Pure. */
import type { WorkerState, WorkerView } from '../client/client.ts';
import type { Painter } from './painter.ts';
import { cell, formatMs, formatTable } from './table.ts';

const COLOURS: Readonly<Record<WorkerState, 'green' | 'yellow' | 'red'>> = {
  ready: 'green',
  quiet: 'yellow',
  blocked: 'red',
  ending: 'red',
  away: 'red',
};

export function describeWorkers(
  workers: readonly WorkerView[],
  paint: Painter,
  now: number,
): readonly string[] {
  const rows = workers.map((worker) => rowOf(worker, paint, now));
  const head = ['PID', 'UPTIME', 'RUNNING', 'SLOTS', 'DONE', 'MEMORY', 'TYPES', 'STATE'];
  const problems = workers.flatMap(({ pid, problems: found }) =>
    found.map(({ problem }) => `${cell(pid)}: ${problem}`),
  );
  return [...formatTable([head, ...rows]), ...new Set(problems)];
}

function rowOf(worker: WorkerView, paint: Painter, now: number): readonly string[] {
  const { pid, startedAt, running, slots, done, residentBytes, state } = worker;
  const uptimeMs = startedAt === null ? null : Math.max(0, now - Date.parse(startedAt));
  return [
    cell(pid),
    formatMs(uptimeMs),
    ...[running, slots, done].map(String),
    residentBytes === null ? '-' : `${Math.round(residentBytes / 1_048_576)} MiB`,
    typesOf(worker),
    paint(state, COLOURS[state]),
  ];
}

function typesOf({ only, types }: WorkerView): string {
  if (only !== null) return `${only} only`;
  return types.length > 4 ? `${types.slice(0, 4).join(',')}… (${types.length})` : types.join(',');
}

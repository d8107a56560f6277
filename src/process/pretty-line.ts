/**
 * Turns one JSON log line into one readable line. Pure; a line that is not JSON passes unchanged.
 */

/** The seven moments that operators know, and their signs. */
export const MOMENT_SIGNS = {
  started: '🚀',
  processing: '🔄',
  success: '✅',
  failure: '❌',
  reconnection: '🔁',
  notified: '📢',
  stopping: '🛑',
} as const;

export type Moment = keyof typeof MOMENT_SIGNS;

const LEVELS: Readonly<Record<number, string>> = {
  20: 'debug',
  30: 'info',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

const HIDDEN = new Set([
  'level',
  'time',
  'msg',
  'pid',
  'hostname',
  'role',
  'component',
  'moment',
  'err',
]);

export function prettyLine(line: string): string {
  const record = parseRecord(line);
  if (record === undefined) return line;
  const level = (LEVELS[Number(record.level)] ?? String(record.level)).padEnd(5);
  const source = [record.role, record.component].filter(Boolean).join('/');
  const facts = Object.entries(record)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const words = [
    timeOf(record.time),
    level,
    source,
    signOf(record.moment),
    String(record.msg ?? ''),
    ...facts,
  ];
  return `${words.filter((word) => word !== '').join(' ')}${errorLines(record.err)}\n`;
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // Not ours (a library wrote to the stream): show it as it came.
    return undefined;
  }
}

function timeOf(time: unknown): string {
  const date = new Date(Number(time));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(11, 23);
}

function signOf(moment: unknown): string {
  return typeof moment === 'string' && moment in MOMENT_SIGNS ? MOMENT_SIGNS[moment as Moment] : '';
}

function errorLines(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  return `\n    ${String(stack ?? message ?? JSON.stringify(err)).replaceAll('\n', '\n    ')}`;
}

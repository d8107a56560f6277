/**
 * The process's one logger: pino to standard error, as JSON lines or, on a terminal, as pretty lines.
 *
 * Constant messages, facts as fields, errors under `err`. The moments that operators know carry a
 * `moment` field in JSON and a sign in pretty lines.
 */
import { isatty } from 'node:tty';
import { pino } from 'pino';
import type { DaemonSettings } from '../config/settings.ts';
import { withFamily } from './log-level.ts';
import { LogOutlet } from './log-outlet.ts';
import { type LogTarget, openStderr } from './log-target.ts';
import { prettyLine } from './pretty-line.ts';

export type Logger = pino.Logger;

const STDERR = 2;
const WARN = 40;

export type LogSettings = Pick<DaemonSettings, 'logLevel' | 'logFormat'>;

/**
 * @param base fields on every line, such as the role of the process
 * @param onLine hears every line, as JSON, before it is written
 */
export function createLogger(
  settings: LogSettings,
  base: Readonly<Record<string, unknown>>,
  onLine?: (line: string) => void,
): Logger {
  const format = lineFormat(settings, isatty(STDERR));
  const outlet = createOutlet(openStderr(), base, format);
  return createLoggerOn({ settings, base, onLine, write: writeTo(outlet, format) });
}

export interface LoggerParts {
  readonly settings: LogSettings;
  readonly base: Readonly<Record<string, unknown>>;
  readonly onLine: ((line: string) => void) | undefined;
  readonly write: (line: string) => void;
}

export function createLoggerOn({ settings, base, onLine, write }: LoggerParts): Logger {
  const options: pino.LoggerOptions = {
    level: settings.logLevel,
    base: { pid: process.pid, ...base },
    ...(onLine && { hooks: { streamWrite: heardBy(onLine) } }),
  };
  return withFamily((onChild) => pino({ ...options, onChild }, { write }));
}

/** What becomes of a JSON line before it is written. */
export type LineFormat = (line: string) => string;

export function lineFormat({ logFormat }: LogSettings, toTerminal: boolean): LineFormat {
  const pretty = logFormat === 'pretty' || (logFormat === 'auto' && toTerminal);
  return pretty ? prettyLine : (line) => line;
}

/** Its last lines are written, as far as there is room for them, when the process ends. */
export function createOutlet(
  target: LogTarget,
  base: Readonly<Record<string, unknown>>,
  format: LineFormat,
): LogOutlet {
  const outlet = new LogOutlet({
    target,
    tellDropped: (dropped, because) => {
      const head = { level: WARN, time: Date.now(), pid: process.pid, ...base };
      const record = { ...head, dropped, because, msg: 'log lines were dropped' };
      return format(`${JSON.stringify(record)}\n`);
    },
  });
  process.once('exit', () => outlet.flush());
  return outlet;
}

/** @returns writes a line; a warning and anything above it at once, since a crash may follow */
export function writeTo(outlet: LogOutlet, format: LineFormat): (line: string) => void {
  return (line) => {
    outlet.write(format(line));
    if (isUrgent(line)) outlet.flush();
  };
}

/** How pino begins a line. */
const HEAD = '{"level":';

function isUrgent(line: string): boolean {
  return line.charCodeAt(HEAD.length) >= 0x34;
}

function heardBy(onLine: (line: string) => void): (line: string) => string {
  return (line) => {
    onLine(line);
    return line;
  };
}

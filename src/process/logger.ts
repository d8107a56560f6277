/**
 * The process's one logger: pino to standard error, as JSON lines or, on a terminal, as pretty lines.
 *
 * Constant messages, facts as fields, errors under `err`. The moments that operators know carry a
 * `moment` field in JSON and a sign in pretty lines.
 */
import { isatty } from 'node:tty';
import { pino } from 'pino';
import type { DaemonSettings } from '../config/settings.ts';
import { prettyLine } from './pretty-line.ts';

export type Logger = pino.Logger;

const STDERR = 2;
/** What may wait in memory while standard error takes nothing; later lines are dropped. */
const MAX_UNWRITTEN_BYTES = 1_048_576;

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
  const pretty =
    settings.logFormat === 'pretty' || (settings.logFormat === 'auto' && isatty(STDERR));
  const options: pino.LoggerOptions = {
    level: settings.logLevel,
    base: { pid: process.pid, ...base },
    ...(onLine && { hooks: { streamWrite: heardBy(onLine) } }),
  };
  const descriptor = pino.destination({ dest: STDERR, sync: true, maxLength: MAX_UNWRITTEN_BYTES });
  // The terminal or the pipe's reader is gone (EIO, EPIPE): a daemon goes on without its log.
  descriptor.on('error', () => {});
  if (!pretty) return pino(options, descriptor);
  return pino(options, { write: (line: string) => descriptor.write(prettyLine(line)) });
}

function heardBy(onLine: (line: string) => void): (line: string) => string {
  return (line) => {
    onLine(line);
    return line;
  };
}

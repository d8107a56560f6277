/**
 * The process's one logger: pino to standard error, as JSON lines or, on a terminal, as pretty lines.
 *
 * Constant messages, facts as fields, errors under `err`. The moments that operators know carry a
 * `moment` field in JSON and a sign in pretty lines.
 */
import { pino } from 'pino';
import type { DaemonSettings } from '../config/settings.ts';
import { prettyLine } from './pretty-line.ts';

export type Logger = pino.Logger;

export type LogSettings = Pick<DaemonSettings, 'logLevel' | 'logFormat'>;

/** @param base fields on every line, such as the role of the process */
export function createLogger(settings: LogSettings, base: Readonly<Record<string, unknown>>): Logger {
  const pretty =
    settings.logFormat === 'pretty' ||
    (settings.logFormat === 'auto' && process.stderr.isTTY === true);
  const options: pino.LoggerOptions = { level: settings.logLevel, base: { ...base } };
  const descriptor = pino.destination({ dest: 2, sync: true });
  if (!pretty) return pino(options, descriptor);
  return pino(options, { write: (line: string) => descriptor.write(prettyLine(line)) });
}

/**
 * The log of a whole service, kept by its supervisor: its own lines and those of its processes, to standard
 * error or to a file that is put aside when it has grown.
 *
 * One process writes, so that nothing else has to know where the log is, and no line is cut by another.
 */
import { isatty } from 'node:tty';
import type { DaemonSettings } from '../config/settings.ts';
import { LogFile } from './log-file.ts';
import { openStderr } from './log-target.ts';
import { createLoggerOn, createOutlet, type Logger, lineFormat, writeTo } from './logger.ts';

export type ServiceLogSettings = Pick<
  DaemonSettings,
  'logLevel' | 'logFormat' | 'logFile' | 'logFileSize' | 'logFiles'
>;

export interface ServiceLog {
  readonly log: Logger;
  /** Writes lines of another process: JSON as its logger makes it, each with its line break. */
  readonly pass: (lines: readonly string[]) => void;
  /** Opens the log file anew, for whoever has moved it away. A failure is logged, and the former file goes on. */
  readonly reopen: () => void;
  /** Resolves when all is written, or soon after. */
  readonly close: () => Promise<void>;
}

/** For what a slow reader has not taken yet at the end. */
const CLOSE_WITHIN_MS = 1_000;

/** @throws TaskbellError E_CANNOT_CREATE when the log file cannot be opened */
export function openServiceLog(
  settings: ServiceLogSettings,
  base: Readonly<Record<string, unknown>>,
  onLine?: (line: string) => void,
): ServiceLog {
  const file = openFile(settings);
  const format = lineFormat(settings, file === null && isatty(2));
  const outlet = createOutlet(file ?? openStderr(), base, format);
  const log = createLoggerOn({ settings, base, onLine, write: writeTo(outlet, format) });
  return {
    log,
    pass: (lines) => outlet.write(lines.map(format).join(''), lines.length),
    reopen: () => {
      outlet.flush();
      reopen(file, log);
    },
    close: () => outlet.close(CLOSE_WITHIN_MS),
  };
}

function openFile({ logFile, logFileSize, logFiles }: ServiceLogSettings): LogFile | null {
  if (logFile === null) return null;
  return new LogFile({ file: logFile, maxBytes: logFileSize, kept: logFiles });
}

function reopen(file: LogFile | null, log: Logger): void {
  if (file === null) return;
  try {
    file.reopen();
    log.info('log file opened anew');
  } catch (err) {
    log.error({ err }, 'log file cannot be opened anew; the former one goes on');
  }
}

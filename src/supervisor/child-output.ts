/**
 * Reads what a child writes to its standard output and standard error, line by line, and passes it on to the
 * log of the service: lines of its logger as they are, everything else as a record that says whose it is.
 *
 * Always reads: whatever becomes of the log, a child never waits for it.
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type FramedLine, LineFramer } from '../process/line-framer.ts';
import type { Logger } from '../process/logger.ts';

export interface OutputReaders {
  /** Of the place that the child fills. */
  readonly log: Logger;
  /** Takes lines of a child's logger. Left out: standard error of this process takes them. */
  readonly pass?: ((lines: readonly string[]) => void) | undefined;
}

/** Of a line of our own logger; one with a long stack and facts is far below. */
const MAX_RECORD_BYTES = 262_144;
/** Of a line that anything else has written. */
const MAX_LINE_CHARS = 8_192;

/** How pino begins a line. */
const RECORD_HEAD = '{"level":';

export function readOutput(child: ChildProcess, readers: OutputReaders): void {
  // Neither null nor there at all where the system had no descriptors left for the process.
  const { stdout, stderr }: Partial<Pick<ChildProcess, 'stdout' | 'stderr'>> = child;
  if (stdout) readStream(stdout, { ...readers, stream: 'stdout', pid: child.pid });
  if (stderr) readStream(stderr, { ...readers, stream: 'stderr', pid: child.pid });
}

interface StreamReader extends OutputReaders {
  readonly stream: 'stdout' | 'stderr';
  readonly pid: number | undefined;
}

function readStream(source: Readable, reader: StreamReader): void {
  const framer = new LineFramer(MAX_RECORD_BYTES);
  source.on('data', (chunk: Buffer) => take(framer.push(chunk), reader));
  source.once('end', () => take(framer.end(), reader));
  // It is ending; its exit says more.
  source.on('error', () => {});
}

function take(lines: readonly FramedLine[], reader: StreamReader): void {
  const { pass = passToStderr, log, stream, pid } = reader;
  const records: string[] = [];
  for (const { text, truncated } of lines) {
    if (!truncated && isRecord(text)) records.push(`${text}\n`);
    else if (text !== '') {
      // What handlers print is a record by now: this is the runtime, the last words before an end among it.
      const level = stream === 'stderr' ? 'warn' : 'info';
      log[level]({ pid, stream, line: cut(text, truncated) }, 'output');
    }
  }
  if (records.length > 0) pass(records);
}

function isRecord(text: string): boolean {
  return text.startsWith(RECORD_HEAD) && text.endsWith('}');
}

function cut(text: string, truncated: boolean): string {
  if (!truncated && text.length <= MAX_LINE_CHARS) return text;
  return `${text.slice(0, MAX_LINE_CHARS)}…`;
}

function passToStderr(lines: readonly string[]): void {
  process.stderr.write(lines.join(''));
}

/**
 * Bounds what one attempt writes into the job's log: lines of 8 KiB, 1 MiB for standard error and
 * 1 MiB for everything else. What is left out is named once, never silently.
 */
import type { JobLogLine } from '../protocol/jobs.ts';
import { cut } from './job-error.ts';

export const MAX_LINE_LENGTH = 8 * 1024;
export const MAX_LOG_LENGTH = 1_048_576;

type Level = JobLogLine['level'];

export class AttemptLog {
  readonly #write: (level: Level, line: string) => void;
  readonly #used = { stderr: 0, other: 0 };

  constructor(write: (level: Level, line: string) => void) {
    this.#write = write;
  }

  add(level: Level, text: string): void {
    if (text.length <= MAX_LINE_LENGTH && !text.includes('\n')) {
      this.#addLine(level, text);
      return;
    }
    for (const line of text.split('\n')) this.#addLine(level, cut(line, MAX_LINE_LENGTH));
  }

  #addLine(level: Level, line: string): void {
    const stream = level === 'stderr' ? 'stderr' : 'other';
    const before = this.#used[stream];
    if (before > MAX_LOG_LENGTH) return;
    // An empty line costs as well, or a flood of them would be free.
    this.#used[stream] = before + line.length + 1;
    if (this.#used[stream] <= MAX_LOG_LENGTH) this.#write(level, line);
    else
      this.#write('warn', `log limit of ${MAX_LOG_LENGTH} characters reached: the rest is dropped`);
  }
}

/**
 * The second argument of a module handler's `run`.
 *
 * Members are made when they are asked for and do not need `this`: a no-op job pays for none of them,
 * and a handler may take the context apart in its parameter list.
 */
import {
  cancel,
  type Duration,
  type EmittedEvent,
  fail,
  type JobContext,
  type JobLog,
  type JobLogLevel,
  retryAfter,
  snooze,
} from '../client/define-job.ts';
import type { Dependencies } from '../protocol/execute.ts';
import type { JobProgress } from '../protocol/jobs.ts';
import type { Run } from './handler.ts';
import { toProgress } from './progress-value.ts';

export class HandlerContext implements JobContext {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  get id(): string {
    return this.#run.assignment.id;
  }

  get type(): string {
    return this.#run.assignment.type;
  }

  get attempt(): number {
    return this.#run.assignment.attempt;
  }

  get queue(): string {
    return this.#run.assignment.queue;
  }

  get userId(): string | null {
    return this.#run.assignment.userId;
  }

  get group(): string | null {
    return this.#run.assignment.group ?? null;
  }

  get dependencies(): Dependencies | null {
    return this.#run.assignment.dependencies ?? null;
  }

  get createdAt(): Date {
    return new Date(this.#run.assignment.createdAt);
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get progress(): (value: number | JobProgress) => void {
    const { sink } = this.#run;
    return (value) => sink.progress(toProgress(value));
  }

  get emit(): (event: EmittedEvent) => void {
    const { sink } = this.#run;
    return (event) => sink.emit(event);
  }

  retryAfter(pause: Duration, message?: string): never {
    throw retryAfter(pause, message);
  }

  snooze(pause: Duration): never {
    throw snooze(pause);
  }

  fail(message: string): never {
    throw fail(message);
  }

  cancel(message?: string): never {
    throw cancel(message);
  }

  get log(): JobLog {
    const { sink } = this.#run;
    const write = (line: string, level: JobLogLevel = 'info') =>
      sink.log(knownLevel(level), String(line));
    return Object.assign(write, {
      info: (line: string) => write(line, 'info'),
      warn: (line: string) => write(line, 'warn'),
      error: (line: string) => write(line, 'error'),
    });
  }
}

// Handlers in plain JavaScript have no compiler that keeps them to the three levels.
function knownLevel(level: unknown): JobLogLevel {
  return level === 'warn' || level === 'error' ? level : 'info';
}

/**
 * One running attempt: its time limit, its abort signal, what it tells meanwhile, and its one outcome.
 *
 *   running ──────────────► ended          the handler ended by itself: its own verdict
 *   running ─ stop ─► stopping ─► ended    told to end: `outcome.ts` decides what that makes of it
 *                     stopping ─► overdue  a module handler that ignores its signal: the owner is told
 *
 * It knows neither the connection nor the other attempts.
 */
import { isTracing } from '../process/tracing.ts';
import type { Assignment, Fence } from '../protocol/execute.ts';
import { KILL_GRACE_MS } from '../protocol/execute.ts';
import type { JobLogLine, JobProgress } from '../protocol/jobs.ts';
import { AttemptLog } from './attempt-log.ts';
import { attemptName } from './attempt-name.ts';
import { EmittedEvents } from './emitted-events.ts';
import {
  type Ending,
  type Handler,
  type Run,
  type RunSink,
  type StopKind,
  StopReason,
} from './handler.ts';
import { describeError } from './job-error.ts';
import { fenceKey, type Outbox } from './outbox.ts';
import { encodeOutcome } from './outcome.ts';
import type { PrintedOutput } from './printed-output.ts';
import { ProgressThrottle } from './progress-throttle.ts';
import { tracedRun } from './traced-run.ts';

/** setTimeout turns anything longer into 1 ms. */
const MAX_TIMER_MS = 2_147_483_647;
const NO_EVENTS: readonly string[] = [];

export interface Clock {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly nowMono: () => number;
}

export interface AttemptSurroundings {
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly printed?: PrintedOutput;
  readonly eventTypes: ReadonlySet<string>;
  readonly onEnded: (attempt: Attempt) => void;
  /** The attempt was told to end and has not, after its grace. Never called for commands: those get killed. */
  readonly onOverdue: (attempt: Attempt) => void;
}

/** It is its handler's `Run`. Signal, log and events are made when they are asked for: a no-op job pays for none. */
export class Attempt implements Run {
  readonly key: string;
  readonly assignment: Assignment;
  readonly #handler: Handler;
  readonly #around: AttemptSurroundings;
  #controller: AbortController | null = null;
  #reason: StopReason | null = null;
  #log: AttemptLog | null = null;
  #events: EmittedEvents | null = null;
  #throttle: ProgressThrottle | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped: StopKind | null = null;
  #ended = false;
  #startedAt = 0;
  #startedMono = 0;
  /** A function of its own, because a name belongs to a function; it waits for the handler, so V8 shows it. */
  readonly #run = async (): Promise<void> => {
    let ending: Ending;
    try {
      ending = await (isTracing()
        ? tracedRun(this.assignment, () => this.#handler.run(this))
        : this.#handler.run(this));
    } catch (error) {
      // Handlers do not reject; if one does all the same, its attempt must still end.
      ending = { kind: 'failed', error: describeError(error), retryable: true };
    }
    this.#end(ending);
  };

  constructor(assignment: Assignment, handler: Handler, around: AttemptSurroundings) {
    this.key = fenceKey(assignment);
    this.assignment = assignment;
    this.#handler = handler;
    this.#around = around;
  }

  get fence(): Fence {
    return { id: this.assignment.id, attempt: this.assignment.attempt };
  }

  /** Its code runs in this very process. */
  get runsHere(): boolean {
    const { contained = false, manifest } = this.#handler;
    return manifest.kind === 'module' && !contained;
  }

  /** Why it was told to end; null when it was not. */
  get stopped(): StopKind | null {
    return this.#stopped;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get sink(): RunSink {
    return {
      progress: (value) => this.#progress(value),
      log: (level, text) => this.#write(level, text),
      emit: (event) => this.#emit(event),
      spawned: (group) => this.#around.outbox.spawned(this.fence, group),
    };
  }

  start(): void {
    this.#startedAt = this.#around.clock.now();
    this.#startedMono = this.#around.clock.nowMono();
    const { timeoutMs } = this.assignment;
    if (timeoutMs > 0) {
      this.#timer = setTimeout(() => this.stop('timeout'), Math.min(timeoutMs, MAX_TIMER_MS));
    }
    const { printed } = this.#around;
    if (printed === undefined || !this.runsHere) void this.#run();
    else printed.run(this.assignment, this.#run);
  }

  /** From now on stack traces show which attempt it is: whose code holds up the event loop, if one does. */
  showName(): void {
    Object.defineProperty(this.#run, 'name', { value: attemptName(this.assignment) });
  }

  /** Tells the attempt to end. Only the first reason counts, except that the core may forget it any time. */
  stop(kind: StopKind, graceMs: number = KILL_GRACE_MS): void {
    if (this.#ended) return;
    if (this.#stopped !== null) {
      if (kind === 'forgotten') this.#stopped = kind;
      return;
    }
    this.#stopped = kind;
    this.#clearTimer();
    if (kind !== 'interrupted' && this.runsHere) {
      this.#timer = setTimeout(() => this.#around.onOverdue(this), graceMs);
    }
    this.#reason = new StopReason(kind, stopMessage(kind, this.assignment), graceMs);
    this.#controller?.abort(this.#reason);
  }

  /** Stops caring: no timer of this attempt remains, and whatever it still says is dropped. */
  abandon(): void {
    this.#ended = true;
    this.#clearTimer();
    this.#throttle?.flush();
  }

  #end(ending: Ending): void {
    if (this.#ended) return;
    this.abandon();
    this.#around.printed?.ended(this.assignment);
    if (this.#stopped !== 'forgotten') {
      const { clock, outbox } = this.#around;
      const times = {
        startedAt: this.#startedAt,
        durationMs: clock.nowMono() - this.#startedMono,
        timeoutMs: this.assignment.timeoutMs,
      };
      const { assignment: fence } = this;
      const stopped = this.#stopped;
      outbox.ended(
        fence,
        encodeOutcome({ fence, times, stopped, ending, events: this.#events?.texts ?? NO_EVENTS }),
        this.key,
      );
    }
    this.#around.onEnded(this);
  }

  #write(level: JobLogLine['level'], text: string): void {
    if (this.#ended) return;
    const { clock, outbox } = this.#around;
    this.#log ??= new AttemptLog((kept, line) =>
      outbox.log(this.fence, { level: kept, line, at: clock.now() }),
    );
    this.#log.add(level, text);
  }

  #emit(event: unknown): void {
    if (this.#ended) throw new TypeError('emit: the attempt has already ended');
    this.#events ??= new EmittedEvents(this.#around.eventTypes);
    this.#events.add(event);
  }

  #progress(value: JobProgress): void {
    if (this.#ended) return;
    this.#throttle ??= new ProgressThrottle(
      (latest) => this.#around.outbox.progress(this.fence, latest),
      this.#around.clock.nowMono,
    );
    this.#throttle.push(value);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function stopMessage(kind: StopKind, { timeoutMs }: Assignment): string {
  switch (kind) {
    case 'cancelled':
      return 'the job was cancelled';
    case 'timeout':
      return `the attempt did not end within ${timeoutMs} ms`;
    case 'interrupted':
      return 'the daemon is stopping';
    case 'forgotten':
      return 'the attempt is not wanted any more';
  }
}

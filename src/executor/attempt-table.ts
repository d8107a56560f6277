/**
 * The attempts that run in this process: started, stopped and waited for by their fence.
 */
import { ChurningMap } from '../process/churning-map.ts';
import type { Assignment, Fence } from '../protocol/execute.ts';
import { Attempt, type AttemptSurroundings, type Clock } from './attempt.ts';
import type { Handler } from './handler.ts';
import { fenceKey, type Outbox } from './outbox.ts';
import { encodeNotStarted, encodeOutcome } from './outcome.ts';
import type { PrintedOutput } from './printed-output.ts';

export interface TableSurroundings {
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly printed?: PrintedOutput;
  readonly eventTypes: ReadonlySet<string>;
  /** An attempt ignores its signal: this process has to end. */
  readonly onStuck: () => void;
  /** Called whenever one starts or ends, with how many run now. */
  readonly onCount?: (running: number) => void;
}

export class AttemptTable {
  readonly #around: TableSurroundings;
  readonly #forAttempts: AttemptSurroundings;
  readonly #running = new ChurningMap<string, Attempt>();
  #waiters: (() => void)[] = [];
  #started = 0;

  constructor(around: TableSurroundings) {
    this.#around = around;
    this.#forAttempts = {
      ...around,
      onEnded: (ended) => this.#remove(ended),
      onOverdue: () => around.onStuck(),
    };
  }

  /** @param handler undefined when this executor has none for the type */
  start(assignment: Assignment, handler: Handler | undefined): void {
    const { outbox } = this.#around;
    if (handler === undefined) {
      if (!this.#holds(fenceKey(assignment))) {
        outbox.ended(assignment, this.#encodeUnknown(assignment));
      }
      return;
    }
    const attempt = new Attempt(assignment, handler, this.#forAttempts);
    if (this.#holds(attempt.key)) return;
    this.#running.set(attempt.key, attempt);
    this.#started += 1;
    this.#around.onCount?.(this.#running.size);
    attempt.start();
  }

  /** Gives an attempt back to the core without having started it. */
  refuse(assignment: Assignment): void {
    if (this.#holds(fenceKey(assignment))) return;
    this.#around.outbox.ended(assignment, encodeNotStarted(assignment, this.#around.clock.now()));
  }

  cancel(fence: Fence): void {
    this.#running.get(fenceKey(fence))?.stop('cancelled');
  }

  forget(fence: Fence): void {
    this.#around.outbox.discard(fence);
    this.#running.get(fenceKey(fence))?.stop('forgotten');
  }

  interruptAll(graceMs: number): void {
    for (const attempt of this.#running.values()) attempt.stop('interrupted', graceMs);
  }

  running(): readonly Fence[] {
    return [...this.#running.values()].map((attempt) => attempt.fence);
  }

  /** Of the attempts whose code runs in this very process. */
  *runningHere(): Iterable<Assignment> {
    for (const attempt of this.#running.values()) {
      if (attempt.runsHere) yield attempt.assignment;
    }
  }

  /** Attempts that were told to end for their own sake, with what that makes of them. */
  stopping(): readonly (Fence & { readonly outcome: 'timeout' | 'cancelled' })[] {
    return [...this.#running.values()].flatMap((attempt) => {
      const { fence, stopped } = attempt;
      return stopped === 'timeout' || stopped === 'cancelled'
        ? [{ ...fence, outcome: stopped }]
        : [];
    });
  }

  /** See `Attempt.showName`: of all that run now. */
  showNames(): void {
    for (const attempt of this.#running.values()) attempt.showName();
  }

  /** Attempts that were started since this process began. */
  get started(): number {
    return this.#started;
  }

  /** Resolves once nothing runs. */
  async whenIdle(): Promise<void> {
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Lets go of what does not end; no timer remains. */
  abandon(): void {
    for (const attempt of this.#running.values()) attempt.abandon();
    this.#running.clear();
  }

  /** Told twice of one attempt: it runs, or its outcome is on its way. */
  #holds(key: string): boolean {
    return this.#running.has(key) || this.#around.outbox.has(key);
  }

  #remove(attempt: Attempt): void {
    this.#running.delete(attempt.key);
    this.#around.onCount?.(this.#running.size);
    if (this.#running.size > 0) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #encodeUnknown(assignment: Assignment): string {
    const message = `this executor has no handler for the type ${assignment.type}`;
    return encodeOutcome({
      fence: assignment,
      times: { startedAt: this.#around.clock.now(), durationMs: 0, timeoutMs: 0 },
      stopped: null,
      ending: { kind: 'failed', error: { name: 'NoHandler', message }, retryable: true },
      events: [],
    });
  }
}

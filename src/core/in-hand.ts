/**
 * The attempts in the executors' hands: which they are, how many of each type, and the last resort
 * against one that does not end when it should.
 */

import type { Logger } from '../process/logger.ts';
import { isAlive, signal } from '../process/process-identity.ts';
import { type Fence, KILL_GRACE_MS } from '../protocol/execute.ts';
import type { TypePolicy } from '../queue/type-policy.ts';
import type { InFlight, RemoteExecutor } from './remote-executor.ts';

/** Twice the grace: once for the executor to end the attempt, once for its answer to get here. */
const BACKSTOP_MS = 2 * KILL_GRACE_MS;
/** setTimeout turns anything longer into 1 ms. */
const MAX_TIMER_MS = 2_147_483_647;

export class InHand {
  readonly #log: Logger;
  readonly #counts = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  hold(executor: RemoteExecutor, attempt: InFlight): void {
    executor.inFlight.set(attempt.id, attempt);
    this.#counts.set(attempt.type, (this.#counts.get(attempt.type) ?? 0) + 1);
    if (attempt.timeoutMs > 0) this.#arm(executor, attempt, 'timeout');
  }

  /** @returns undefined when the executor does not hold this very attempt */
  drop(executor: RemoteExecutor, fence: Fence): InFlight | undefined {
    const held = executor.drop(fence);
    if (held === undefined) return undefined;
    const left = (this.#counts.get(held.type) ?? 0) - 1;
    if (left > 0) this.#counts.set(held.type, left);
    else this.#counts.delete(held.type);
    return held;
  }

  /** The attempt was told to stop: it ends as cancelled, or its executor is ended. */
  expectCancel(executor: RemoteExecutor, attempt: InFlight): void {
    // Asking again must not put the last resort off.
    if (attempt.verdict === 'cancelled' && attempt.backstop !== undefined) return;
    attempt.verdict = 'cancelled';
    this.#arm(executor, attempt, 'cancelled');
  }

  /** Attempts of the type that may start yet; Infinity where it has no bound. */
  room(type: string, policy: Pick<TypePolicy, 'concurrency'>): number {
    if (policy.concurrency === null) return Number.POSITIVE_INFINITY;
    return Math.max(0, policy.concurrency - (this.#counts.get(type) ?? 0));
  }

  #arm(executor: RemoteExecutor, attempt: InFlight, verdict: 'timeout' | 'cancelled'): void {
    const waitMs = (verdict === 'timeout' ? attempt.timeoutMs : 0) + BACKSTOP_MS;
    clearTimeout(attempt.backstop);
    // A limit of weeks is left to the executor alone.
    if (waitMs > MAX_TIMER_MS) return;
    attempt.backstop = setTimeout(() => {
      attempt.verdict = verdict;
      executor.ending = true;
      const facts = { executor: executor.id, job: attempt.id, attempt: attempt.attempt, verdict };
      this.#log.warn(facts, 'an attempt does not end: ending its executor');
      if (isAlive(executor.process)) signal(executor.process.pid, 'SIGKILL');
    }, waitMs);
  }
}

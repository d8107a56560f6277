/**
 * The attempts in the executors' hands: which they are, and the last resort against one that does not end when it should.
 */

import type { Logger } from '../process/logger.ts';
import { isAlive, signal } from '../process/process-identity.ts';
import { type Fence, KILL_GRACE_MS } from '../protocol/execute.ts';
import { blockerOf, verdictsFor } from './blame.ts';
import type { InFlight, RemoteExecutor } from './remote-executor.ts';

/** Twice the grace: once for the executor to end the attempt, once for its answer to get here. */
const BACKSTOP_MS = 2 * KILL_GRACE_MS;
/** setTimeout turns anything longer into 1 ms. */
const MAX_TIMER_MS = 2_147_483_647;

export class InHand {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  hold(executor: RemoteExecutor, attempt: InFlight): void {
    executor.inFlight.set(attempt.id, attempt);
    if (attempt.timeoutMs > 0) this.#arm(executor, attempt, 'timeout');
  }

  /** @returns undefined when the executor does not hold this very attempt */
  drop(executor: RemoteExecutor, fence: Fence): InFlight | undefined {
    return executor.drop(fence);
  }

  /** The attempt was told to stop: it ends as cancelled, or its executor is ended. */
  expectCancel(executor: RemoteExecutor, attempt: InFlight): void {
    // Asking again must not put the last resort off.
    if (attempt.verdict === 'cancelled' && attempt.backstop !== undefined) return;
    attempt.verdict = 'cancelled';
    this.#arm(executor, attempt, 'cancelled');
  }

  #arm(executor: RemoteExecutor, attempt: InFlight, verdict: 'timeout' | 'cancelled'): void {
    const waitMs = (verdict === 'timeout' ? attempt.timeoutMs : 0) + BACKSTOP_MS;
    clearTimeout(attempt.backstop);
    // A limit of weeks is left to the executor alone.
    if (waitMs > MAX_TIMER_MS) return;
    attempt.backstop = setTimeout(() => this.#endExecutor(executor, attempt, verdict), waitMs);
  }

  #endExecutor(
    executor: RemoteExecutor,
    attempt: InFlight,
    verdict: 'timeout' | 'cancelled',
  ): void {
    const blocker = blockerOf(executor.blocked, [...executor.inFlight.values()]);
    const verdicts = verdictsFor({ attempt, verdict }, blocker, performance.now());
    for (const [one, its] of verdicts) one.verdict = its;
    executor.ending = true;
    const facts = { executor: executor.id, job: attempt.id, attempt: attempt.attempt, verdict };
    const cause = { blockedBy: blocker?.id, stack: executor.blocked?.stack };
    this.#log.warn({ ...facts, ...cause }, 'an attempt does not end: ending its executor');
    // Without a connection it ends its attempts; its process, if it has one here, is nobody's to end.
    if (executor.isElsewhere) executor.connection?.terminate();
    else if (isAlive(executor.process)) signal(executor.process.pid, 'SIGKILL');
  }
}

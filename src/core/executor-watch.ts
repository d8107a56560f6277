/**
 * Executors whose connection is gone: they come back, or their process is seen to be dead. Looks
 * at the process, not at a clock, so that a slow executor is not robbed of its jobs. Only of one that runs
 * elsewhere the clock decides: by then it has ended its attempts itself, see `ConnectionLease`.
 *
 * Before a dead executor's jobs are released, whatever it started is ended: the recorded process
 * groups, and every process that carries its mark. Two attempts of one job never overlap.
 */

import type { Logger } from '../process/logger.ts';
import {
  findMarked,
  identityOf,
  isAlive,
  membersOf,
  signal,
  signalGroup,
} from '../process/process-identity.ts';
import { EXECUTOR_MARK, type ProcessIdentity } from '../protocol/execute.ts';
import { survivorsOf } from './orphaned-group.ts';
import type { RemoteExecutor } from './remote-executor.ts';

/** The first looks come fast: a crash is the usual reason, and its jobs wait. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 250;

export class ExecutorWatch {
  readonly #onDead: (executor: RemoteExecutor) => void;
  readonly #log: Logger;
  readonly #reconnectWithinMs: number;
  readonly #timers = new Map<RemoteExecutor, NodeJS.Timeout>();

  /** @param reconnectWithinMs for those that are judged by their connection */
  constructor(onDead: (executor: RemoteExecutor) => void, log: Logger, reconnectWithinMs: number) {
    this.#onDead = onDead;
    this.#log = log;
    this.#reconnectWithinMs = reconnectWithinMs;
  }

  add(executor: RemoteExecutor): void {
    if (this.#timers.has(executor)) return;
    if (executor.isElsewhere) this.#expect(executor, this.#reconnectWithinMs);
    else this.#look(executor, FIRST_LOOK_MS);
  }

  remove(executor: RemoteExecutor): void {
    clearTimeout(this.#timers.get(executor));
    this.#timers.delete(executor);
  }

  stop(): void {
    for (const executor of [...this.#timers.keys()]) this.remove(executor);
  }

  #expect(executor: RemoteExecutor, afterMs: number): void {
    const timer = setTimeout(() => {
      if (executor.claiming) {
        this.#expect(executor, LAST_LOOK_MS);
        return;
      }
      this.#timers.delete(executor);
      this.#onDead(executor);
    }, afterMs);
    this.#timers.set(executor, timer);
  }

  #look(executor: RemoteExecutor, afterMs: number): void {
    const timer = setTimeout(() => {
      // A claim that is under way would be handed to nobody: its jobs are waited for.
      const settled = !executor.claiming && !isAlive(executor.process);
      if (settled && this.#reap(executor)) {
        this.#timers.delete(executor);
        this.#onDead(executor);
      } else {
        this.#look(executor, Math.min(afterMs * 2, LAST_LOOK_MS));
      }
    }, afterMs);
    this.#timers.set(executor, timer);
  }

  /** @returns true when nothing that the executor started is left */
  #reap(executor: RemoteExecutor): boolean {
    const marked = findMarked(EXECUTOR_MARK, executor.id).filter(isRunning);
    for (const pid of marked) signal(pid, 'SIGKILL');
    let survivors = marked.length;
    for (const { group } of executor.inFlight.values()) {
      if (group !== null && !reapGroup(group)) survivors += 1;
    }
    if (survivors > 0)
      this.#log.warn({ executor: executor.id, survivors }, 'reaping what a dead executor left');
    return survivors === 0;
  }
}

/** @returns true when nobody of it is left */
function reapGroup(group: ProcessIdentity): boolean {
  const members = membersOf(group.pid);
  if (members === undefined) {
    // Without /proc the number alone has to do.
    return !signalGroup(group.pid, 'SIGKILL');
  }
  const own = survivorsOf(group, members);
  for (const { pid } of own) signal(pid, 'SIGKILL');
  return own.length === 0;
}

function isRunning(pid: number): boolean {
  return isAlive(identityOf(pid));
}

/**
 * The process groups that this executor started, and how they are brought to an end.
 *
 * Every command leads a group of its own; nobody in it survives the attempt, and none survives this
 * process unless it is killed with -9, which the supervisor answers for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGroupAlive, signalGroup } from '../process/process-identity.ts';

/** What the leader left behind gets this long between SIGTERM and SIGKILL. */
export const SURVIVOR_GRACE_MS = 1_000;
const POLL_MS = 20;

export class ProcessGroups {
  readonly #alive = new Set<number>();

  add(groupId: number): void {
    this.#alive.add(groupId);
  }

  delete(groupId: number): void {
    this.#alive.delete(groupId);
  }

  /** For the last moment of this process: synchronous and final. */
  kill(): void {
    for (const groupId of this.#alive) signalGroup(groupId, 'SIGKILL');
    this.#alive.clear();
  }
}

/** Ends what is left of a group whose leader has gone. Resolves when nobody is left. */
export async function reapGroup(groupId: number, graceMs: number): Promise<void> {
  if (!isGroupAlive(groupId)) return;
  signalGroup(groupId, 'SIGTERM');
  const killAtMono = performance.now() + graceMs;
  while (isGroupAlive(groupId)) {
    if (performance.now() >= killAtMono) signalGroup(groupId, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

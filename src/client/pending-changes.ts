/**
 * Changes of what a follower follows that the core has not confirmed yet, by the id of their request.
 *
 * Sends nothing: only remembers who waits for which answer.
 */
import type { Topic } from '../protocol/events.ts';

/** An attach has it; changes count on from here. */
export const ATTACH_RID = 0;

export interface Change {
  readonly events: readonly Topic[];
  readonly resolve: () => void;
}

export class PendingChanges {
  readonly #changes = new Map<number, Change>();
  #lastRid = ATTACH_RID;

  /** `counts` resolves when somebody says so. */
  add(events: readonly Topic[]): { readonly rid: number; readonly counts: Promise<void> } {
    this.#lastRid += 1;
    const rid = this.#lastRid;
    const counts = new Promise<void>((resolve) => this.#changes.set(rid, { events, resolve }));
    return { rid, counts };
  }

  /** Undefined for an answer that nobody waits for. */
  take(rid: number | undefined): Change | undefined {
    const change = rid === undefined ? undefined : this.#changes.get(rid);
    if (rid !== undefined) this.#changes.delete(rid);
    return change;
  }

  /** All of them count from now on. */
  settle(): void {
    for (const { resolve } of this.#changes.values()) resolve();
    this.#changes.clear();
  }
}

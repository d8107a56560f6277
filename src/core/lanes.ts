/**
 * The lanes that may hold a queued job: a superset, so that a claim never misses one and an idle
 * executor never asks in vain for long. In memory; the store is asked once, at the start.
 */
import type { Lane } from '../queue/job.ts';

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #paused = new Set<string>();

  mark(lanes: readonly Lane[]): void {
    for (const { queue, type } of lanes) this.#lanes.set(`${queue} ${type}`, { queue, type });
  }

  /** A claim saw them empty. What was added in the same transaction has been seen by it. */
  clear(lanes: readonly Lane[]): void {
    for (const lane of lanes) this.#lanes.delete(`${lane.queue} ${lane.type}`);
  }

  setPaused(queue: string, paused: boolean): void {
    if (paused) this.#paused.add(queue);
    else this.#paused.delete(queue);
  }

  open(accepts: (lane: Lane) => boolean): readonly Lane[] {
    return [...this.#lanes.values()].filter(
      (lane) => !this.#paused.has(lane.queue) && accepts(lane),
    );
  }
}

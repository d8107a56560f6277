/**
 * The lanes that may hold a queued job: a superset, so that a claim never misses one and an idle
 * executor never asks in vain for long. In memory; the store is asked once, at the start.
 */
import type { Lane } from '../queue/job.ts';

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #paused = new Set<string>();

  mark(lanes: readonly Lane[]): void {
    for (const { queue, type, group } of lanes) {
      const lane = { queue, type, group };
      this.#lanes.set(keyOf(lane), lane);
    }
  }

  /**
   * A claim saw them empty.
   * @param lanes as `open` gave them. One that was marked since then is another object and stays: what
   *   was added behind a claim that had to wait for the database was not seen by it.
   */
  clear(lanes: readonly Lane[]): void {
    for (const lane of lanes) {
      const key = keyOf(lane);
      if (this.#lanes.get(key) === lane) this.#lanes.delete(key);
    }
  }

  setPaused(queue: string, paused: boolean): void {
    if (paused) this.#paused.add(queue);
    else this.#paused.delete(queue);
  }

  isPaused(queue: string): boolean {
    return this.#paused.has(queue);
  }

  open(accepts: (lane: Lane) => boolean): readonly Lane[] {
    return [...this.#lanes.values()].filter(
      (lane) => !this.#paused.has(lane.queue) && accepts(lane),
    );
  }
}

function keyOf({ queue, type, group }: Lane): string {
  return `${queue} ${type} ${group ?? ''}`;
}

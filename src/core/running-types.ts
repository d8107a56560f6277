/** How many attempts of each type run now, over all executors. In memory. */
import type { TypePolicy } from '../queue/type-policy.ts';

export class RunningTypes {
  readonly #counts = new Map<string, number>();

  add(type: string): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
  }

  remove(type: string): void {
    const left = (this.#counts.get(type) ?? 0) - 1;
    if (left > 0) this.#counts.set(type, left);
    else this.#counts.delete(type);
  }

  /** Attempts of the type that may start yet; Infinity where it has no bound. */
  room(type: string, policy: Pick<TypePolicy, 'concurrency'>): number {
    if (policy.concurrency === null) return Number.POSITIVE_INFINITY;
    return Math.max(0, policy.concurrency - (this.#counts.get(type) ?? 0));
  }
}

/**
 * Where the one attempt of a degraded type is tried: in the executor with the least to lose. A job that has to run
 * alone waits until that executor is idle, which takes nothing else meanwhile.
 */
import type { ClaimAnswer } from '../queue/job-store.ts';
import type { Lanes, MarkedLane } from './lanes.ts';
import type { RemoteExecutor } from './remote-executor.ts';
import type { TypeGuard } from './type-guard.ts';

export interface DegradedTriesParts {
  readonly guard: Pick<TypeGuard, 'isActive' | 'toTry' | 'nextTryAt'>;
  readonly lanes: Pick<Lanes, 'takeOne'>;
  readonly executors: () => readonly RemoteExecutor[];
}

export interface Try {
  readonly type: string;
  readonly executor: RemoteExecutor;
  readonly lanes: readonly MarkedLane[];
}

export class DegradedTries {
  readonly #parts: DegradedTriesParts;
  /** Types of which a claim is under way. */
  readonly #claimed = new Set<string>();
  /** By type: whom its next job waits for. */
  readonly #reserved = new Map<string, RemoteExecutor>();

  constructor(parts: DegradedTriesParts) {
    this.#parts = parts;
  }

  get isActive(): boolean {
    return this.#parts.guard.isActive || this.#reserved.size > 0;
  }

  isReserved(executor: RemoteExecutor): boolean {
    return this.#reserved.size > 0 && [...this.#reserved.values()].includes(executor);
  }

  /** Claims that are to be made now, of one job each; each is to be answered. */
  *begin(): Generator<Try, void> {
    const types = this.#parts.guard.toTry();
    for (const type of this.#reserved.keys()) {
      if (!types.includes(type)) this.#reserved.delete(type);
    }
    for (const type of types) {
      const next = this.#claimed.has(type) ? undefined : this.#choose(type);
      if (next === undefined) continue;
      this.#claimed.add(type);
      yield next;
    }
  }

  /** @param answer undefined: the store refused */
  end({ type, executor }: Try, answer: ClaimAnswer | undefined): void {
    this.#claimed.delete(type);
    if (answer !== undefined && isPutOff(answer)) this.#reserved.set(type, executor);
    else this.#reserved.delete(type);
  }

  #choose(type: string): Try | undefined {
    const fit = this.#parts.executors().filter((one) => one.types.has(type) && isWilling(one));
    const [first] = fit.sort((a, b) => a.inFlight.size - b.inFlight.size);
    if (first === undefined) return undefined;
    const reserved = this.#reserved.get(type);
    // What could not begin beside others begins in whoever is idle first.
    const isWaiting = reserved !== undefined && fit.includes(reserved) && first.inFlight.size > 0;
    if (isWaiting || first.free() === 0) return undefined;
    const lanes = this.#parts.lanes.takeOne(type, (queue) => first.serves(queue));
    return lanes.length === 0 ? undefined : { type, executor: first, lanes };
  }
}

/** There is a job, and no limit holds it: it has to run alone. */
function isPutOff({ jobs, unreadable = [], emptyLanes, heldLanes }: ClaimAnswer): boolean {
  return jobs.length + unreadable.length + emptyLanes.length + heldLanes.length === 0;
}

function isWilling({ connection, quiet, leaving, ending }: RemoteExecutor): boolean {
  return connection !== undefined && !quiet && !leaving && !ending;
}

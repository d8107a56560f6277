/**
 * What the metrics say of jobs that have run: counted at the ends of attempts and at claims, since this core woke.
 *
 * Names of types and queues are chosen by whoever adds jobs, and each is a time series for whoever reads them: beyond
 * a bound the rest is counted together as `(other)`.
 */
import { type BucketCounts, BucketHistogram } from './bucket-histogram.ts';
import type { EndFact } from './throughput.ts';

export interface EndCount {
  readonly type: string;
  readonly queue: string;
  readonly state: string;
  readonly count: number;
}

export interface TypeAttempts {
  readonly type: string;
  /** Charged: an error, a time limit, a crash, a refused payload. */
  readonly failed: number;
  /** Seconds. */
  readonly durations: BucketCounts;
}

export interface JobFigures {
  readonly ends: readonly EndCount[];
  readonly attempts: readonly TypeAttempts[];
  /** Seconds. */
  readonly pickup: BucketCounts;
}

/** A job that was handed out. */
export interface Picked {
  readonly attempt: number;
  readonly createdAt: number;
  /** It could not have run since then. */
  readonly isPutOff: boolean;
}

export const MAX_TOLD_TYPES = 100;
/** Pairs of a type and a queue. */
export const MAX_TOLD_LANES = 200;
export const OTHER = '(other)';

/** Seconds. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];
const WAITS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3_600];

interface LaneCounts {
  readonly type: string;
  readonly queue: string;
  readonly states: Map<string, number>;
}

interface TypeCounts {
  failed: number;
  readonly durations: BucketHistogram;
}

export class JobMeter {
  readonly #lanes = new Map<string, LaneCounts>();
  readonly #types = new Map<string, TypeCounts>();
  readonly #pickup = new BucketHistogram(WAITS);

  noteEnds(ends: readonly EndFact[]): void {
    for (const { type, queue, state, hasFailed, durationMs } of ends) {
      const counts = this.#type(type);
      counts.durations.add(durationMs / 1_000);
      if (hasFailed) counts.failed += 1;
      if (state === null) continue;
      const { states } = this.#lane(type, queue);
      states.set(state, (states.get(state) ?? 0) + 1);
    }
  }

  /** First attempts alone: a later one waited for the pause of its policy. */
  notePicked(jobs: readonly Picked[], now: number): void {
    for (const { attempt, createdAt, isPutOff } of jobs) {
      if (attempt !== 1 || isPutOff) continue;
      this.#pickup.add(Math.max(0, now - createdAt) / 1_000);
    }
  }

  read(): JobFigures {
    const ends = [...this.#lanes.values()].flatMap(({ type, queue, states }) =>
      [...states].map(([state, count]) => ({ type, queue, state, count })),
    );
    const attempts = [...this.#types].map(([type, { failed, durations }]) => {
      return { type, failed, durations: durations.read() };
    });
    return { ends, attempts, pickup: this.#pickup.read() };
  }

  #type(type: string): TypeCounts {
    const name = this.#types.has(type) || this.#types.size < MAX_TOLD_TYPES ? type : OTHER;
    let counts = this.#types.get(name);
    if (counts === undefined) {
      counts = { failed: 0, durations: new BucketHistogram(DURATIONS) };
      this.#types.set(name, counts);
    }
    return counts;
  }

  #lane(type: string, queue: string): LaneCounts {
    const key = `${type}\n${queue}`;
    const found = this.#lanes.get(key);
    if (found !== undefined) return found;
    const isRoom = this.#lanes.size < MAX_TOLD_LANES;
    const lane = isRoom ? { type, queue } : { type: OTHER, queue: OTHER };
    const own = isRoom ? key : OTHER;
    const counts = this.#lanes.get(own) ?? { ...lane, states: new Map<string, number>() };
    this.#lanes.set(own, counts);
    return counts;
  }
}

/**
 * Adds jobs without end: one by one, in batches, with keys, delays and priorities, and cancels a few.
 * Keeps what was tried and what was accepted. An add that got no answer may or may not exist; the next try is another job.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AddedJob,
  type AddOptions,
  type Json,
  type TaskbellClient,
  TaskbellError,
} from '../../src/client/client.ts';
import type { AcceptedAdd, AttemptedAdd } from './evidence.ts';
import type { Draws } from './random.ts';

interface NewAdd {
  readonly n: number;
  readonly type: string;
  readonly payload: { readonly [key: string]: Json };
  readonly options: AddOptions;
}

export interface JobAdderOptions {
  readonly client: TaskbellClient;
  readonly draws: Draws;
  /** Jobs that have ended, so that the adder does not run away. */
  readonly endedCount: () => number;
  readonly onCancelled: (id: string) => void;
}

const MAX_UNFINISHED = 120;
const AWAY = new Set(['E_DAEMON_UNREACHABLE', 'E_UNAVAILABLE', 'E_TIMEOUT']);

export class JobAdder {
  readonly attempted: AttemptedAdd[] = [];
  readonly accepted: AcceptedAdd[] = [];
  readonly refusals: string[] = [];
  readonly #options: JobAdderOptions;
  readonly #ids = new Set<string>();
  #stopped = false;

  constructor(options: JobAdderOptions) {
    this.#options = options;
  }

  /** Runs until `stop`, and until the last add was answered. */
  async run(): Promise<void> {
    const { draws, endedCount } = this.#options;
    while (!this.#stopped) {
      const batch = draws.chance(0.1) ? draws.between(5, 20) : draws.between(1, 3);
      const pauseMs = draws.between(5, 120);
      const together = draws.chance(0.5);
      const adds = Array.from({ length: batch }, () => this.#compose());
      if (together) await this.#addMany(adds);
      else await Promise.all(adds.map((add) => this.#add(add)));
      await delay(pauseMs);
      if (draws.chance(0.08)) await this.#cancelLast();
      while (!this.#stopped && this.#ids.size - endedCount() > MAX_UNFINISHED) await delay(20);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #compose(): NewAdd {
    const { draws } = this.#options;
    const n = this.attempted.length;
    const uniqueKey = draws.chance(0.1) ? `key-${draws.between(1, 4)}` : null;
    this.attempted.push({ n, uniqueKey });
    const { type, payload } = composeWork(draws);
    const options: AddOptions = {
      ...(uniqueKey === null ? {} : { uniqueKey }),
      ...(draws.chance(0.15) ? { delayMs: draws.between(1, 1_500) } : {}),
      ...(draws.chance(0.3) ? { priority: draws.between(-3, 3) } : {}),
      ...(draws.chance(0.3) ? { userId: `user-${draws.between(1, 3)}` } : {}),
    };
    return { n, type, payload: { n, ...payload }, options };
  }

  async #add({ n, type, payload, options }: NewAdd): Promise<void> {
    await this.#note([n], async () => [await this.#options.client.add(type, payload, options)]);
  }

  async #addMany(adds: readonly NewAdd[]): Promise<void> {
    const requests = adds.map(({ type, payload, options }) => ({ type, payload, ...options }));
    const numbers = adds.map(({ n }) => n);
    await this.#note(numbers, () => this.#options.client.addMany(requests));
  }

  /** Whatever it does just now; one that has ended is refused. */
  async #cancelLast(): Promise<void> {
    const id = this.accepted.at(-1)?.id;
    if (id === undefined) return;
    try {
      await this.#options.client.cancel(id);
      this.#options.onCancelled(id);
    } catch (error) {
      const hasEnded = error instanceof TaskbellError && error.code === 'E_CONFLICT';
      if (!hasEnded && !isAway(error)) this.refusals.push(`cancel ${id}: ${error}`);
    }
  }

  async #note(numbers: readonly number[], add: () => Promise<readonly AddedJob[]>): Promise<void> {
    try {
      const jobs = await add();
      for (const [index, n] of numbers.entries()) {
        const { id = 'none', duplicate = false } = jobs[index] ?? {};
        this.accepted.push({ n, id, duplicate });
        this.#ids.add(id);
      }
    } catch (error) {
      if (isAway(error)) return;
      this.refusals.push(`n ${numbers.join(', ')}: ${error}`);
    }
  }
}

function isAway(error: unknown): boolean {
  return error instanceof TaskbellError && AWAY.has(error.code);
}

function composeWork(draws: Draws): Pick<NewAdd, 'type' | 'payload'> {
  const kind = draws.next();
  if (kind < 0.35) return { type: 'quick', payload: {} };
  if (kind < 0.6) return { type: 'work', payload: { ms: draws.between(50, 300) } };
  if (kind < 0.64) {
    const payload = { ms: draws.between(500, 2_500), stubborn: draws.chance(0.5) };
    return { type: 'work', payload };
  }
  if (kind < 0.655) return { type: 'block', payload: { ms: draws.between(200, 2_500) } };
  if (kind < 0.76) {
    // Four failures are more than its retries: such a job ends as failed.
    const fails = draws.pick([0, 1, 2, 4]) ?? 0;
    return { type: 'flaky', payload: { fails, ms: draws.between(1, 60) } };
  }
  if (kind < 0.9) return { type: 'emitter', payload: { emits: draws.between(1, 5) } };
  const leaves = draws.chance(0.15) ? 1 : 0;
  const fails = draws.chance(0.3) ? 1 : 0;
  return { type: 'command', payload: { beats: draws.between(1, 10), fails, leaves } };
}

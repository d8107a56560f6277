/** Adds jobs without end: one by one, in batches, with keys, delays and priorities, and cancels a few. */
import { setTimeout as delay } from 'node:timers/promises';
import { type AddOptions, type TaskbellClient, TaskbellError } from '../../src/client/client.ts';
import { type AddBook, isAway, type PlannedAdd } from './add-book.ts';
import type { Draws } from './random.ts';
import { drawWork } from './work.ts';

export interface JobAdderOptions {
  readonly client: TaskbellClient;
  readonly book: AddBook;
  readonly draws: Draws;
  /** Jobs that have not ended, so that the adder does not run away. */
  readonly unfinished: () => number;
  readonly onCancelled: (id: string) => void;
}

const MAX_UNFINISHED = 120;

export class JobAdder {
  readonly #options: JobAdderOptions;
  #stopped = false;

  constructor(options: JobAdderOptions) {
    this.#options = options;
  }

  /** Runs until `stop`, and until the last add was answered. */
  async run(): Promise<void> {
    const { draws, unfinished } = this.#options;
    while (!this.#stopped) {
      const batch = draws.chance(0.1) ? draws.between(5, 20) : draws.between(1, 3);
      const pauseMs = draws.between(10, 160);
      const together = draws.chance(0.5);
      const adds = Array.from({ length: batch }, () => this.#compose());
      if (together) await this.#addMany(adds);
      else await Promise.all(adds.map((add) => this.#add(add)));
      await delay(pauseMs);
      if (draws.chance(0.08)) await this.#cancelLast();
      while (!this.#stopped && unfinished() > MAX_UNFINISHED) await delay(20);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #compose(): PlannedAdd {
    const { draws, book } = this.#options;
    const options: AddOptions = {
      ...(draws.chance(0.1) ? { uniqueKey: `key-${draws.between(1, 4)}` } : {}),
      ...(draws.chance(0.15) ? { delayMs: draws.between(1, 1_500) } : {}),
      ...(draws.chance(0.3) ? { priority: draws.between(-3, 3) } : {}),
      ...(draws.chance(0.3) ? { userId: `user-${draws.between(1, 3)}` } : {}),
      ...(draws.chance(0.2) ? { durability: 'os' } : {}),
    };
    const work = drawWork(draws);
    return book.plan({ ...work, options: { ...options, ...work.options } });
  }

  async #add(planned: PlannedAdd): Promise<void> {
    const { client, book } = this.#options;
    const { type, payload, ...options } = planned.request;
    await book.note([planned], async () => [await client.add(type, payload, options)]);
  }

  async #addMany(planned: readonly PlannedAdd[]): Promise<void> {
    const { client, book } = this.#options;
    await book.note(planned, () => client.addMany(planned.map(({ request }) => request)));
  }

  /** Whatever it does just now; one that has ended, or whose record was removed since, is refused. */
  async #cancelLast(): Promise<void> {
    const { client, book, onCancelled } = this.#options;
    const id = book.accepted.at(-1)?.id;
    if (id === undefined) return;
    try {
      await client.cancel(id);
      onCancelled(id);
    } catch (error) {
      const code = error instanceof TaskbellError ? error.code : '';
      const isOver = code === 'E_CONFLICT' || code === 'E_NOT_FOUND';
      if (!isOver && !isAway(error)) book.refusals.push(`cancel ${id}: ${error}`);
    }
  }
}

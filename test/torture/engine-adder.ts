/**
 * Uses what is more than single jobs: flows, batches, keys that run again, bursts beyond a rate, and changes
 * of many jobs at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JobRequest, TaskbellClient } from '../../src/client/client.ts';
import type { AddBook, PlannedAdd } from './add-book.ts';
import type { FlowJob } from './evidence.ts';
import type { Operator } from './operator.ts';
import type { Draws } from './random.ts';
import { drawBurst } from './work.ts';

export interface EngineAdderOptions {
  readonly client: TaskbellClient;
  readonly operator: Operator;
  readonly book: AddBook;
  readonly draws: Draws;
  readonly unfinished: () => number;
  readonly onCancelled: (id: string) => void;
}

type Step = { readonly ref?: string; readonly after?: readonly string[] };

const MAX_UNFINISHED = 90;
const DIAMOND: readonly Step[] = [
  { ref: 'a' },
  { ref: 'b', after: ['a'] },
  { ref: 'c', after: ['a'] },
  { ref: 'd', after: ['b', 'c'] },
];

export class EngineAdder {
  readonly flows: FlowJob[] = [];
  readonly #options: EngineAdderOptions;
  readonly #actions: readonly (() => Promise<void>)[] = [
    () => this.#addDiamond(),
    () => this.#addBatch(),
    () => this.#addAgain(),
    () => this.#addAgain(),
    () => this.#addBurst(),
    () => this.#cancelSome(),
    () => this.#retryFailed(),
  ];
  #stopped = false;

  constructor(options: EngineAdderOptions) {
    this.#options = options;
  }

  /** Runs until `stop`, and until the last request was answered. */
  async run(): Promise<void> {
    const { draws, unfinished } = this.#options;
    while (!this.#stopped) {
      await draws.pick(this.#actions)?.();
      await delay(draws.between(20, 250));
      while (!this.#stopped && unfinished() > MAX_UNFINISHED) await delay(20);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #addDiamond(): Promise<void> {
    const { client, book, draws } = this.#options;
    const policy = draws.pick(['fail', 'cancel', 'continue'] as const) ?? 'fail';
    const planned = DIAMOND.map((step) => this.#planStep(step, { onDependencyFailure: policy }));
    const ids = await book.note(planned, () =>
      client.addMany(planned.map(({ request }) => request)),
    );
    if (ids === undefined) return;
    const byRef = new Map(DIAMOND.map(({ ref = '' }, index) => [ref, ids[index] ?? '']));
    for (const { ref = '', after = [] } of DIAMOND) {
      const parents = after.map((name) => byRef.get(name) ?? '');
      this.flows.push({ id: byRef.get(ref) ?? '', after: parents, policy });
    }
  }

  async #addBatch(): Promise<void> {
    const { client, book, draws } = this.#options;
    const jobs = Array.from({ length: draws.between(0, 6) }, () => this.#planStep({}));
    const callback = this.#planStep({}, {}, jobs.length);
    const ids = await book.note([callback, ...jobs], async () => {
      const request = { jobs: jobs.map(({ request }) => request), callback: callback.request };
      const added = await client.addBatch(request);
      return [added.callback, ...added.jobs.map((id) => ({ id, duplicate: false }))];
    });
    if (ids === undefined) return;
    const [id = '', ...after] = ids;
    this.flows.push({ id, after, policy: 'continue' });
  }

  /** @param waitsFor how many results it must be handed, where `after` does not say */
  #planStep(
    step: Step,
    options: Pick<JobRequest, 'onDependencyFailure'> = {},
    waitsFor = step.after?.length ?? 0,
  ): PlannedAdd {
    const { book, draws } = this.#options;
    // Five failures are more than its retries.
    const fails = draws.pick([0, 0, 0, 0, 1, 5]) ?? 0;
    return book.plan({
      type: 'step',
      payload: { ms: draws.between(1, 150), fails, parents: waitsFor },
      options: { ...step, ...(step.after === undefined ? {} : options) },
    });
  }

  /** One after the other, so that the newest is the last. */
  async #addAgain(): Promise<void> {
    const { client, book, draws } = this.#options;
    const key = `again-${draws.between(1, 3)}`;
    for (let left = draws.between(1, 4); left > 0 && !this.#stopped; left -= 1) {
      const planned = book.plan({
        type: 'again',
        payload: { ms: draws.between(20, 300) },
        options: { unique: { key, policy: 'run-again' } },
      });
      const { type, payload, ...options } = planned.request;
      await book.note([planned], async () => [await client.add(type, payload, options)]);
      await delay(draws.between(1, 60));
    }
  }

  async #addBurst(): Promise<void> {
    const { client, book, draws } = this.#options;
    const planned = drawBurst(draws).map((work) => book.plan(work));
    await book.note(planned, () => client.addMany(planned.map(({ request }) => request)));
  }

  async #cancelSome(): Promise<void> {
    const { operator, book, draws, onCancelled } = this.#options;
    const last = book.accepted.slice(-draws.between(2, 6)).map(({ id }) => id);
    const ids = [...new Set(last)];
    if (ids.length === 0) return;
    const answer = await operator.bulk('cancel', { ids });
    if (answer === undefined) return;
    const failed = new Set(answer.failures.map(({ id }) => id));
    for (const id of ids) if (!failed.has(id)) onCancelled(id);
  }

  async #retryFailed(): Promise<void> {
    await this.#options.operator.bulk('retry', { type: 'flaky', state: ['failed'] });
  }
}

/**
 * Random lives of jobs, lived in all stores at once: every answer, every job and the whole log must come out the
 * same, to the last word of an error. What they should be, queue-model.test.ts says. Prints the seed when it fails.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AttemptOutcome } from '../../src/protocol/jobs.ts';
import type { ClaimedJob } from '../../src/queue/job.ts';
import {
  brokenLinks,
  busyQueues,
  claiming,
  endOfAttempt,
  judged,
  NOW,
  newJob,
  rowsOf,
  rules,
} from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const TYPES = ['mail', 'scan'];
const QUEUES = ['default', 'slow'];
const LANES = QUEUES.flatMap((queue) => TYPES.map((type) => ({ queue, type, group: null })));
const OUTCOMES: readonly AttemptOutcome[] = [
  ...(['succeeded', 'error', 'timeout', 'crash'] as const),
  ...(['cancelled', 'rejected', 'interrupted'] as const),
];

const job = fc.record({
  type: fc.constantFrom(...TYPES),
  queue: fc.constantFrom(...QUEUES),
  priority: fc.integer({ min: -2, max: 2 }),
  delayMs: fc.option(fc.integer({ min: 1, max: 5_000 })),
  uniqueKey: fc.option(fc.constantFrom('k1', 'k2')),
  retries: fc.option(fc.integer({ min: 0, max: 3 })),
});

/** Picks a job or a running attempt by its place among those there are. */
const place = fc.nat(50);

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      jobs: fc.array(job, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      limit: fc.integer({ min: 0, max: 3 }),
      executor: fc.constantFrom('e1', 'e2'),
      mailLimit: fc.option(fc.integer({ min: 0, max: 2 })),
      lanes: fc.subarray(LANES, { minLength: 1 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      ends: fc.array(
        fc.record({ place, outcome: fc.constantFrom(...OUTCOMES), retryable: fc.boolean() }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('promote' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), place }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry' as const), place }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('progress' as const), place }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One store with what its callers remember: the ids they got and every fence that was ever handed out. */
class Life {
  readonly #stores: Stores;
  readonly #ids: string[] = [];
  readonly #fences: ClaimedJob[] = [];
  #now = NOW;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  async take(todo: Step): Promise<unknown> {
    const { jobs } = this.#stores;
    this.#now += 700;
    const now = this.#now;
    switch (todo.do) {
      case 'add':
        return this.#add(todo.jobs);
      case 'claim':
        return this.#claim(todo);
      case 'end':
        return jobs.end(
          todo.ends.flatMap(({ place: at, outcome, retryable }) => {
            const fence = this.#fence(at);
            return fence ? [judged(endOfAttempt(fence, outcome, { retryable }), { now })] : [];
          }),
        );
      case 'promote':
        return (await jobs.promote(now, 1_000)).length;
      case 'cancel':
        return jobs.cancel(this.#id(todo.place), now);
      case 'retry':
        return jobs.retry(this.#id(todo.place), now);
      case 'progress': {
        const fence = this.#fence(todo.place);
        return fence && jobs.recordProgress(fence, { fraction: 0.5 }, now);
      }
    }
  }

  async #add(asked: Extract<Step, { do: 'add' }>['jobs']) {
    const wanted = asked.map(({ delayMs, ...rest }) =>
      newJob({ ...rest, runAt: delayMs === null ? null : this.#now + delayMs }),
    );
    const added = await this.#stores.jobs.add(wanted, this.#now);
    this.#ids.push(...added.map((outcome) => outcome.job.id));
    return added;
  }

  async #claim({ limit, executor, mailLimit, lanes }: Extract<Step, { do: 'claim' }>) {
    const busy = (await this.#stores.jobs.running()).some((run) => run.executor === executor);
    const limits = rules({ type: { mail: { concurrency: mailLimit } } });
    const now = this.#now;
    const answer = await this.#stores.jobs.claim(
      claiming({ limit, executor, limits, lanes, idle: !busy, now }),
    );
    this.#fences.push(...answer.jobs);
    return answer;
  }

  /** Everything that can be seen from outside. The order of rows of different jobs may differ, that of one topic not. */
  async everything(): Promise<unknown> {
    const { jobs, log } = this.#stores;
    const list = (await jobs.list({ limit: 1_000 })).jobs;
    const rows = await rowsOf(this.#stores);
    const chains = new Map<string, unknown[]>();
    for (const { seq: _, prev: __, ...row } of rows) {
      const topic = `${row.type} ${plain(row.id)}`;
      chains.set(topic, [...(chains.get(topic) ?? []), row]);
    }
    return {
      list,
      attempts: await Promise.all(list.map(({ id }) => jobs.attempts(id))),
      running: (await jobs.running()).toSorted((a, b) => order(a.id) - order(b.id)),
      lanes: (await jobs.lanes()).map((lane) => JSON.stringify(lane)).sort(),
      totals: await jobs.totals(),
      queues: busyQueues(await jobs.queues()),
      nextDue: await jobs.nextDue(),
      top: log.top(),
      ends: await log.countEnds('0'),
      broken: brokenLinks(rows),
      chains: [...chains].sort(([a], [b]) => (a < b ? -1 : 1)),
    };
  }

  #id(at: number): string {
    return this.#ids[at % Math.max(1, this.#ids.length)] ?? 'none';
  }

  /** Late fences come too: their ends must change nothing. */
  #fence(at: number): ClaimedJob | undefined {
    return this.#fences.at(-1 - (at % Math.max(1, this.#fences.length)));
  }
}

/** The memory store calls job 7 `m7`, so that no test can count on numbers. */
function plain(id: string): string {
  return id.replace(/^m/, '');
}

function order(id: string): number {
  return Number(plain(id));
}

function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, part) => {
      return key === 'id' || key === 'by' ? plain(String(part)) : part;
    }),
  );
}

it('the same life comes out the same in every store', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const all = BOTH.map(({ open }) => open());
      try {
        const lives = all.map((stores) => new Life(stores));
        for (const todo of steps) {
          const [first, ...others] = await Promise.all(lives.map((life) => life.take(todo)));
          for (const other of others) expect(comparable(other)).toEqual(comparable(first));
        }
        const [first, ...others] = await Promise.all(lives.map((life) => life.everything()));
        for (const other of others) expect(comparable(other)).toEqual(comparable(first));
        expect(first).toMatchObject({ broken: [] });
      } finally {
        for (const stores of all) stores.close();
      }
    }),
    { numRuns: 40 },
  );
}, 120_000);

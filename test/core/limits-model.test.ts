/**
 * Random lives of a dispatcher with limits, beside a plain model: no limit is ever exceeded, no slot
 * stays empty that a job could have, nothing starves. Adds, ends, deaths of executors, restarts of the
 * core, time. Prints the seed when it fails.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Lane } from '../../src/queue/job.ts';
import type { RateLimit } from '../../src/queue/type-policy.ts';
import { rules, type StatedLimits } from '../contract/job-fixture.ts';
import { DispatchStand, type Started } from './dispatch-stand.ts';

const QUEUES = ['default', 'slow'];
const TYPES = ['mail', 'scan'];
const GROUPS = ['a', 'b', null];

const rate = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  perMs: fc.constantFrom(1_000, 60_000),
});
const limits = fc.record({
  concurrency: fc.option(fc.integer({ min: 1, max: 3 })),
  groupConcurrency: fc.option(fc.integer({ min: 1, max: 2 })),
  rate: fc.option(rate, { freq: 2 }),
  groupRate: fc.option(rate, { freq: 2 }),
});
const stated = fc.record({
  queue: fc.record({ slow: limits }),
  type: fc.record({ mail: limits }),
});
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      queue: fc.constantFrom(...QUEUES),
      type: fc.constantFrom(...TYPES),
      group: fc.constantFrom(...GROUPS),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('end' as const), of: fc.nat(9), failed: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(-300, 100, 1_000, 70_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), of: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One limit, and which lanes it counts: as plain as it can be said. */
interface Rule {
  readonly name: string;
  readonly concurrency: number | null;
  readonly rate: RateLimit | null;
  readonly counts: (lane: Lane) => boolean;
}

function rulesOf({ queue = {}, type = {} }: StatedLimits): readonly Rule[] {
  const [slow, mail] = [queue.slow, type.mail];
  const all: Rule[] = [];
  for (const [name, of, counts] of [
    ['slow', slow, (lane: Lane) => lane.queue === 'slow'],
    ['mail', mail, (lane: Lane) => lane.type === 'mail'],
  ] as const) {
    all.push({ name, concurrency: of?.concurrency ?? null, rate: of?.rate ?? null, counts });
    for (const group of ['a', 'b']) {
      all.push({
        name: `${name} ${group}`,
        concurrency: of?.groupConcurrency ?? null,
        rate: of?.groupRate ?? null,
        counts: (lane) => counts(lane) && lane.group === group,
      });
    }
  }
  return all;
}

/** Tokens that are left after these starts, by counting through them. */
function tokensLeft({ rate: of, counts }: Rule, starts: readonly Started[], now: number): number {
  if (of === null) return Number.POSITIVE_INFINITY;
  let [tokens, last] = [of.count, Number.NEGATIVE_INFINITY];
  for (const at of [...starts.filter(counts).map((start) => start.at), now]) {
    tokens = Math.min(of.count, tokens + (Math.max(0, at - last) * of.count) / of.perMs);
    last = at;
    if (at !== now) tokens -= 1;
  }
  return tokens;
}

class Life {
  readonly #stand: DispatchStand;
  readonly #rules: readonly Rule[];
  /** Starts with the true time, which does not go back. */
  readonly #starts: Started[] = [];
  #mono = 0;
  #wentBack = false;

  constructor(stand: DispatchStand, given: StatedLimits) {
    this.#stand = stand;
    this.#rules = rulesOf(given);
  }

  async take(todo: Step): Promise<void> {
    const { running, executors } = this.#stand;
    switch (todo.do) {
      case 'add': {
        const { do: _, count, ...lane } = todo;
        await this.#stand.add({ ...lane, retries: 1 }, count);
        break;
      }
      case 'end': {
        const one = running[todo.of % Math.max(1, running.length)];
        if (one) await this.#stand.end([one], todo.failed ? 'error' : 'succeeded');
        break;
      }
      case 'die':
        await this.#stand.end(
          running.filter(({ executor }) => executor === executors[todo.of]),
          'interrupted',
        );
        break;
      case 'wait':
        this.#mono += Math.max(0, todo.ms);
        this.#wentBack ||= todo.ms < 0;
        await this.#stand.wait(todo.ms);
        break;
      case 'reopen':
        await this.#stand.reopen();
    }
    await this.check();
  }

  /** What must hold whenever nothing is under way. */
  async check(): Promise<void> {
    const { started, running, failures } = this.#stand;
    expect(failures).toEqual([]);
    for (const start of started.slice(this.#starts.length)) {
      this.#starts.push({ ...start, at: this.#mono });
      for (const rule of this.#rules) {
        const what = `tokens of ${rule.name} after the start of job ${start.id}`;
        expect(tokensLeft(rule, this.#starts, this.#mono + 1e-9), what).toBeGreaterThan(-1e-3);
      }
    }
    for (const { name, concurrency, counts } of this.#rules) {
      if (concurrency === null) continue;
      expect(running.filter(counts).length, `running of ${name}`).toBeLessThanOrEqual(concurrency);
    }
    await this.#checkSlots();
  }

  async #checkSlots(): Promise<void> {
    const { executors, running, stores } = this.#stand;
    const { jobs } = await stores.jobs.list({ state: 'queued', limit: 500 });
    for (const job of jobs) {
      const free = executors.some((one) => one.types.has(job.type) && one.free() > 0);
      const isHeld = this.#rules.some(
        (rule) =>
          rule.counts(job) &&
          (running.filter(rule.counts).length >= (rule.concurrency ?? Number.POSITIVE_INFINITY) ||
            tokensLeft(rule, this.#starts, this.#mono + 1e-9) < 1),
      );
      // Behind a clock that went back, a token may come later than in true time; but it is expected.
      const mayWait = this.#wentBack && this.#stand.expected.length > 0;
      if (free && !isHeld) expect(mayWait, `job ${job.id} may wait`).toBe(true);
    }
  }

  /** Ends everything there is: whatever waits gets its turn. */
  async drain(): Promise<void> {
    for (let round = 0; round < 400; round += 1) {
      const { queued, retrying, running } = await this.#stand.stores.jobs.totals();
      if (queued + retrying + running === 0) return;
      await this.#stand.end(this.#stand.running, 'succeeded');
      await this.check();
      const wait = this.#pause(retrying > 0);
      if (wait > 0) await this.take({ do: 'wait', ms: wait as 100 });
    }
    expect.fail('something starves');
  }

  #pause(isRetrying: boolean): number {
    if (isRetrying) return 5_000;
    if (this.#stand.running.length > 0 || this.#stand.expected.length === 0) return 0;
    return Math.min(...this.#stand.expected) - this.#stand.now;
  }
}

it('limits are never exceeded, no slot stays empty for nothing, and nothing starves', async () => {
  await fc.assert(
    fc.asyncProperty(
      stated,
      fc.array(step, { minLength: 5, maxLength: 25 }),
      async (given, steps) => {
        const stand = new DispatchStand(rules(given));
        try {
          stand.addExecutor(2);
          stand.addExecutor(3, ['mail']);
          const life = new Life(stand, given);
          for (const todo of steps) await life.take(todo);
          await life.drain();
        } finally {
          stand.close();
        }
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);

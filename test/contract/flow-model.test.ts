/**
 * Random flows, lived in both stores at once. Whatever ends how, what waits is released or ended in the end;
 * and where nobody interferes, each job ends as a plain model says. Prints the seed when it fails.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEPENDENCY_POLICIES, type DependencyPolicy } from '../../src/protocol/jobs.ts';
import type { ClaimedJob, NewJob } from '../../src/queue/job.ts';
import { brokenLinks, claiming, endOfAttempt, judged, NOW, newJob, rowsOf } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

interface Member {
  /** Places of earlier members, so that there is no cycle. */
  readonly parents: readonly number[];
  readonly policy: DependencyPolicy;
  readonly succeeds: boolean;
}

const member = fc.record({
  parents: fc.array(fc.nat(12), { maxLength: 3 }),
  policy: fc.constantFrom(...DEPENDENCY_POLICIES),
  succeeds: fc.boolean(),
});
const flow = fc
  .array(member, { minLength: 1, maxLength: 12 })
  .map((members) =>
    members.map((one, n) => ({ ...one, parents: one.parents.filter((parent) => parent < n) })),
  );

/** Picks a job or an attempt by its place among those there are. */
const place = fc.nat(40);
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('add' as const), flow, on: fc.option(place) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      place,
      outcome: fc.constantFrom('succeeded', 'error', 'crash', 'interrupted', 'timeout', 'snoozed'),
      retryable: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), place }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('retry' as const), place, dependents: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('promote' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function requestsOf(members: readonly Member[], more: readonly string[] = []): readonly NewJob[] {
  return members.map(({ parents, policy }, n) =>
    newJob({
      ref: `r${n}`,
      after: [...new Set(parents.map((parent) => `r${parent}`)), ...more],
      onDependencyFailure: policy,
    }),
  );
}

/** One store with what its callers remember. */
class Life {
  readonly #stores: Stores;
  readonly #ids: string[] = [];
  readonly #open: ClaimedJob[] = [];
  #now = NOW;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  async take(todo: Step): Promise<unknown> {
    const { jobs } = this.#stores;
    this.#now += 500;
    const now = this.#now;
    switch (todo.do) {
      case 'add':
        return this.add(todo.flow, todo.on === null ? [] : [this.#id(todo.on)]);
      case 'claim': {
        const { jobs: claimed } = await jobs.claim(claiming({ limit: todo.limit, now }));
        this.#open.push(...claimed);
        return claimed.map(({ dependencies, ...job }) => [job, JSON.parse(dependencies ?? 'null')]);
      }
      case 'end': {
        const [fence] = this.#open.splice(todo.place % Math.max(1, this.#open.length), 1);
        if (fence === undefined) return undefined;
        const over = {
          retryable: todo.retryable,
          retryAfterMs: todo.outcome === 'snoozed' ? 10 : null,
        };
        return jobs.end([judged(endOfAttempt(fence, todo.outcome as 'error', over), { now })]);
      }
      case 'cancel':
        return jobs.cancel(this.#id(todo.place), now);
      case 'retry':
        return jobs.retry(this.#id(todo.place), now, { dependents: todo.dependents });
      case 'promote':
        return (await jobs.promote(now, 1_000)).length;
    }
  }

  async add(members: readonly Member[], more: readonly string[] = []) {
    const added = await this.#stores.jobs
      .add(requestsOf(members, more), this.#now)
      .catch((error: { code: string }) => error.code);
    if (Array.isArray(added)) this.#ids.push(...added.map(({ job }) => job.id));
    return added;
  }

  /** Runs all that may run, each to the end that it is given, until nothing may run any more. */
  async drain(ends: (id: string) => 'succeeded' | 'error'): Promise<void> {
    const { jobs } = this.#stores;
    for (;;) {
      this.#now += 86_400_000;
      const now = this.#now;
      await jobs.promote(now, 10_000);
      const { jobs: claimed } = await jobs.claim(claiming({ limit: 1_000, now }));
      const running = [...this.#open.splice(0), ...claimed];
      if (running.length === 0) return;
      await jobs.end(
        running.map((fence) =>
          judged(endOfAttempt(fence, ends(fence.id), { retryable: false }), { now }),
        ),
      );
    }
  }

  async states() {
    return Promise.all(this.#ids.map(async (id) => (await this.#stores.jobs.get(id))?.state));
  }

  async everything() {
    const { jobs, log } = this.#stores;
    const list = (await jobs.list({ limit: 1_000 })).jobs;
    return {
      list,
      relatives: await Promise.all(list.map(({ id }) => jobs.relatives(id, 100))),
      counts: await Promise.all(list.map(({ id }) => jobs.countDependencies(id))),
      totals: await jobs.totals(),
      nextDue: await jobs.nextDue(),
      top: log.top(),
      broken: brokenLinks(await rowsOf(this.#stores)),
    };
  }

  #id(at: number): string {
    return this.#ids[at % Math.max(1, this.#ids.length)] ?? 'none';
  }
}

/** The memory store calls job 7 `m7`. */
function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null).replace(/\bm(\d+)\b/g, '$1'));
}

async function inBoth(use: (lives: readonly [Life, Life]) => Promise<void>): Promise<void> {
  const stores = BOTH.map(({ open }) => open());
  try {
    const [sqlite, memory] = stores.map((one) => new Life(one));
    if (sqlite === undefined || memory === undefined) throw new Error('two stores are needed');
    await use([sqlite, memory]);
  } finally {
    for (const one of stores) one.close();
  }
}

it('nothing waits for ever, and both stores live the same life', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) =>
      inBoth(async (lives) => {
        for (const todo of steps) {
          const [sqlite, memory] = await Promise.all(lives.map((life) => life.take(todo)));
          expect(comparable(sqlite)).toEqual(comparable(memory));
        }
        const [sqlite, memory] = await Promise.all(lives.map((life) => life.everything()));
        expect(comparable(sqlite)).toEqual(comparable(memory));
        for (const life of lives) {
          await life.drain(() => 'succeeded');
          const { totals, broken } = await life.everything();
          expect(totals).toMatchObject({ waiting: 0, scheduled: 0, queued: 0, running: 0 });
          expect(broken).toEqual([]);
        }
        const after = await Promise.all(lives.map((life) => life.everything()));
        expect(comparable(after[0])).toEqual(comparable(after[1]));
      }),
    ),
    { numRuns: 60 },
  );
}, 120_000);

/** The model: what a job comes to, from what those before it came to. */
function endsOf(members: readonly Member[]): readonly string[] {
  const ends: string[] = [];
  for (const { parents, policy, succeeds } of members) {
    const isBad = parents.some((parent) => ends[parent] !== 'succeeded');
    if (isBad && policy === 'fail') ends.push('failed');
    else if (isBad && policy === 'cancel') ends.push('cancelled');
    else ends.push(succeeds ? 'succeeded' : 'failed');
  }
  return ends;
}

it('each job of a flow ends as its own end and its policy say', async () => {
  await fc.assert(
    fc.asyncProperty(flow, (members) =>
      inBoth(async (lives) => {
        for (const life of lives) {
          const added = await life.add(members);
          if (!Array.isArray(added)) throw new Error(`refused: ${added}`);
          const places = new Map(added.map(({ job }, n) => [job.id, n]));
          await life.drain((id) =>
            members[places.get(id) ?? -1]?.succeeds ? 'succeeded' : 'error',
          );
          expect(await life.states()).toEqual(endsOf(members));
        }
      }),
    ),
    { numRuns: 60 },
  );
}, 120_000);

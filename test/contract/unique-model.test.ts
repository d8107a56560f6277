/**
 * Random adds with unique keys, claims, ends and cancels, against a plain model of one key: what each add
 * is answered, which payload each attempt gets, and that at most one job of a key is there. What fails
 * shrinks to a short list of steps.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UNIQUE_POLICIES, type UniquePolicy } from '../../src/protocol/jobs.ts';
import type { ClaimedJob } from '../../src/queue/job.ts';
import { claiming, endOfAttempt, judged, NOW, newJob } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const KEYS = ['a', 'b'] as const;
type Key = (typeof KEYS)[number];

const STEP_MS = 700;
const SNOOZE_MS = 1_000;

const key = fc.constantFrom(...KEYS);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      key,
      policy: fc.constantFrom(...UNIQUE_POLICIES),
      delayMs: fc.constantFrom(1, 900, 2_500),
      windowMs: fc.constantFrom(null, 1, 3_000),
      maxWaitMs: fc.constantFrom(null, 800, 4_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      key,
      how: fc.constantFrom('succeeded', 'failed', 'interrupted', 'snoozed'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), key }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Add = Extract<Step, { do: 'add' }>;
type End = Extract<Step, { do: 'end' }>;

interface Run {
  readonly payload: string;
  readonly since: number;
  /** Null: at once. */
  readonly runAt: number | null;
}

/** One key, in the plainest words. */
class PlainKey {
  job: (Run & { readonly running: boolean; readonly cancelled: boolean }) | null = null;
  next: (Run & { readonly windowMs: number | null }) | null = null;
  heldUntil = 0;

  add({ policy, ...asked }: Add, payload: string, now: number): string {
    const since =
      this.next?.since ?? (this.job === null || this.job.running ? now : this.job.since);
    const run = { payload, since, runAt: timeOf({ policy, ...asked }, since, now) };
    if (this.job === null && now >= this.heldUntil) {
      this.#start(run, asked.windowMs);
      return 'added';
    }
    if (policy === 'reject') return 'rejected';
    if (this.job === null || policy === 'keep-first' || policy === 'throttle') return 'kept';
    if (this.next === null && !this.job.running) {
      this.job = { ...this.job, ...run };
      return policy === 'debounce' ? 'postponed' : 'replaced';
    }
    if (this.next === null && policy === 'replace') return 'kept';
    this.next = { ...run, windowMs: asked.windowMs };
    return 'follows';
  }

  /** Undefined: nothing of it may run now. */
  claim(now: number): string | undefined {
    if (this.job === null || this.job.running || (this.job.runAt ?? 0) > now) return undefined;
    this.job = { ...this.job, running: true, runAt: null };
    return this.job.payload;
  }

  end(how: End['how'], now: number): void {
    if (this.job === null) return;
    const back = how === 'interrupted' || how === 'snoozed';
    if (back && !this.job.cancelled) {
      const runAt = how === 'snoozed' ? now + SNOOZE_MS : null;
      this.job = { ...this.job, running: false, runAt };
      return;
    }
    const { next } = this;
    this.job = null;
    this.next = null;
    if (next !== null) this.#start(next, next.windowMs);
  }

  cancel(now: number): void {
    if (this.job === null) return;
    this.job = { ...this.job, cancelled: true };
    if (!this.job.running) this.end('failed', now);
  }

  #start({ payload, since, runAt }: Run, windowMs: number | null): void {
    this.job = { payload, since, runAt, running: false, cancelled: false };
    if (windowMs !== null) this.heldUntil = since + windowMs;
  }
}

function timeOf(
  { policy, delayMs, maxWaitMs }: Omit<Add, 'do' | 'key' | 'windowMs'>,
  since: number,
  now: number,
) {
  if (policy !== 'debounce') return null;
  return Math.min(now + delayMs, maxWaitMs === null ? Number.POSITIVE_INFINITY : since + maxWaitMs);
}

/** One store and the model beside it. */
class Life {
  readonly #jobs: Stores['jobs'];
  readonly #plain = { a: new PlainKey(), b: new PlainKey() };
  readonly #running = new Map<string, ClaimedJob>();
  /** The newest job of a key: what its holder is called. */
  readonly #ids = new Map<string, string>();
  #now = NOW;
  #payloads = 0;

  constructor({ jobs }: Stores) {
    this.#jobs = jobs;
  }

  async take(todo: Step): Promise<void> {
    this.#now += STEP_MS;
    switch (todo.do) {
      case 'add':
        await this.#add(todo);
        break;
      case 'claim':
        await this.#claim();
        break;
      case 'end':
        await this.#end(todo.key, todo.how);
        break;
      case 'cancel':
        await this.#cancel(todo.key);
    }
    await this.#compare();
  }

  /** Runs what is left; every claim is held against the model. */
  async drain(): Promise<void> {
    for (let round = 0; round < 6; round += 1) {
      this.#now += 10_000;
      await this.#claim();
      for (const one of KEYS) await this.#end(one, 'succeeded');
    }
    await this.#compare();
    expect(KEYS.map((one) => this.#plain[one].job)).toEqual([null, null]);
  }

  async #add(todo: Add): Promise<void> {
    this.#payloads += 1;
    const payload = String(this.#payloads);
    const { policy, windowMs, maxWaitMs } = todo;
    const delayMs = policy === 'debounce' ? todo.delayMs : 0;
    const job = newJob({
      payload,
      uniqueKey: todo.key,
      runAt: delayMs === 0 ? null : this.#now + delayMs,
      unique: { policy, windowMs, delayMs, maxWaitMs },
    });
    const expected = this.#plain[todo.key].add(todo, payload, this.#now);
    expect(await this.#answer(todo.policy, job)).toBe(expected);
  }

  async #answer(policy: UniquePolicy, job: ReturnType<typeof newJob>): Promise<string | undefined> {
    try {
      const [outcome] = await this.#jobs.add([job], this.#now);
      return outcome?.unique;
    } catch (error) {
      if (policy !== 'reject') throw error;
      expect(error).toMatchObject({ code: 'E_CONFLICT' });
      return 'rejected';
    }
  }

  async #claim(): Promise<void> {
    await this.#jobs.promote(this.#now, 100);
    const { jobs } = await this.#jobs.claim(claiming({ now: this.#now }));
    const expected = KEYS.flatMap((one) => this.#plain[one].claim(this.#now) ?? []);
    expect(jobs.map(({ payload }) => payload).sort()).toEqual(expected.sort());
    for (const claimed of jobs) {
      const record = await this.#jobs.get(claimed.id);
      this.#running.set(record?.uniqueKey ?? '', claimed);
    }
  }

  async #end(one: Key, how: End['how']): Promise<void> {
    const fence = this.#running.get(one);
    if (fence === undefined) return;
    this.#running.delete(one);
    this.#plain[one].end(how, this.#now);
    const outcome = how === 'failed' ? 'rejected' : how;
    const end = endOfAttempt(fence, outcome as 'succeeded', { retryAfterMs: SNOOZE_MS });
    const [answer] = await this.#jobs.end([judged(end, { now: this.#now })]);
    expect(answer).toMatchObject({ accepted: true });
  }

  async #cancel(one: Key): Promise<void> {
    const id = this.#ids.get(one);
    if (id === undefined || this.#plain[one].job === null) return;
    this.#plain[one].cancel(this.#now);
    await this.#jobs.cancel(id, this.#now);
  }

  /** At most one unfinished job a key, in the state and with the payload that the model says. */
  async #compare(): Promise<void> {
    const { jobs } = await this.#jobs.list({ limit: 1_000 });
    const there = jobs.filter(({ endedAt }) => endedAt === null);
    for (const job of there) this.#ids.set(job.uniqueKey ?? '', job.id);
    const seen = there.map(({ uniqueKey, payload, state }) => ({
      ...{ uniqueKey, payload, running: state === 'running' },
    }));
    const expected = KEYS.flatMap((uniqueKey) => {
      const { job } = this.#plain[uniqueKey];
      return job === null ? [] : [{ uniqueKey, payload: job.payload, running: job.running }];
    });
    expect(seen.sort((x, y) => ((x.uniqueKey ?? '') < (y.uniqueKey ?? '') ? -1 : 1))).toEqual(
      expected,
    );
  }
}

it.each(BOTH)(
  'the $name store does with unique keys what a plain model does',
  async ({ open }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const stores = open();
        try {
          const life = new Life(stores);
          for (const todo of steps) await life.take(todo);
          await life.drain();
        } finally {
          stores.close();
        }
      }),
      { numRuns: 50 },
    );
  },
  120_000,
);

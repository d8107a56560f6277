/** Flows, and the short sentences that their contract tests are written in. */
import type { Dependencies } from '../../src/protocol/execute.ts';
import type { NewJob } from '../../src/queue/job.ts';
import type { JobStore } from '../../src/queue/job-store.ts';
import { claiming, endOfAttempt, judged, NOW, newJob } from './job-fixture.ts';

export type Ids = Readonly<Record<string, string>>;

export class FlowFixture {
  readonly #jobs: JobStore;

  constructor(jobs: JobStore) {
    this.#jobs = jobs;
  }

  /** Adds a flow; answers with the ids by ref. */
  async add(members: Readonly<Record<string, Partial<NewJob>>>): Promise<Ids> {
    const requests = Object.entries(members).map(([ref, more]) => newJob({ ref, ...more }));
    const outcomes = await this.#jobs.add(requests, NOW);
    return Object.fromEntries(
      Object.keys(members).map((ref, n) => [ref, outcomes[n]?.job.id ?? 'none']),
    );
  }

  /** a -> b, c -> d */
  diamond(more: Partial<NewJob> = {}): Promise<Ids> {
    const sides = { b: { after: ['a'] }, c: { after: ['a'] } };
    return this.add({ a: {}, ...sides, d: { after: ['b', 'c'], ...more } });
  }

  async stateOf(id: string | undefined) {
    return (await this.#jobs.get(id ?? ''))?.state;
  }

  async statesOf(ids: Ids) {
    const states = Object.entries(ids).map(
      async ([ref, id]) => [ref, await this.stateOf(id)] as const,
    );
    return Object.fromEntries(await Promise.all(states));
  }

  async claimAll() {
    return (await this.#jobs.claim(claiming())).jobs;
  }

  /** Claims what is there and ends the one of this id; the others go back. */
  async run(id: string | undefined, outcome: 'succeeded' | 'error' = 'succeeded', result = '1') {
    const claimed = await this.claimAll();
    const own = claimed.find((job) => job.id === id);
    if (own === undefined) throw new Error(`${id} was not there to run`);
    const over = outcome === 'succeeded' ? { result } : { retryable: false };
    const others = claimed.filter((job) => job !== own);
    const answers = await this.#jobs.end([
      judged(endOfAttempt(own, outcome, over)),
      ...others.map((job) => judged(endOfAttempt(job, 'interrupted'))),
    ]);
    return { answer: answers[0], claimed: own };
  }
}

export function handed(text: string | null | undefined): Dependencies {
  return JSON.parse(text ?? 'null');
}

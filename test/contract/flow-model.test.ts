/**
 * Large random flows in either store: where nobody interferes, each job ends as its own end and its policy say.
 * What becomes of flows amid everything else, queue-model.test.ts tells. Prints the seed when it fails.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEPENDENCY_POLICIES, type DependencyPolicy } from '../../src/protocol/jobs.ts';
import type { NewJob } from '../../src/queue/job.ts';
import type { JobStore } from '../../src/queue/job-store.ts';
import { claiming, endOfAttempt, judged, NOW, newJob } from './job-fixture.ts';
import { BOTH } from './stores.ts';

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

function requestsOf(members: readonly Member[]): readonly NewJob[] {
  return members.map(({ parents, policy }, n) =>
    newJob({
      ref: `r${n}`,
      after: [...new Set(parents.map((parent) => `r${parent}`))],
      onDependencyFailure: policy,
    }),
  );
}

/** Runs all that may run, each to the end that it is given, until nothing may run any more. */
async function drain(jobs: JobStore, succeeds: (id: string) => boolean): Promise<void> {
  for (;;) {
    const { jobs: claimed } = await jobs.claim(claiming({ limit: 1_000 }));
    if (claimed.length === 0) return;
    const ends = claimed.map((fence) =>
      endOfAttempt(fence, succeeds(fence.id) ? 'succeeded' : 'error', { retryable: false }),
    );
    await jobs.end(ends.map((end) => judged(end)));
  }
}

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

it.each(BOTH)(
  'each job of a flow in the $name store ends as its own end and its policy say',
  async ({ open }) => {
    await fc.assert(
      fc.asyncProperty(flow, async (members) => {
        const stores = open();
        try {
          const { jobs } = stores;
          const added = await jobs.add(requestsOf(members), NOW);
          const ids = added.map(({ job }) => job.id);
          await drain(jobs, (id) => members[ids.indexOf(id)]?.succeeds ?? false);
          const states = ids.map(async (id) => (await jobs.get(id))?.state);
          expect(await Promise.all(states)).toEqual(endsOf(members));
        } finally {
          stores.close();
        }
      }),
      { numRuns: 40 },
    );
  },
  120_000,
);

/** The order of a flow's jobs, and what becomes of a job when those that it depends on end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TaskbellError } from '../../src/protocol/errors.ts';
import {
  decideRelease,
  type FlowMember,
  type PlannedJob,
  planFlow,
  runAtOnRelease,
} from '../../src/queue/flow.ts';

const member = (ref: string | null, ...after: string[]): FlowMember => ({ ref, after });

function planOf(...jobs: readonly FlowMember[]): readonly PlannedJob[] {
  const plan = planFlow(jobs);
  if (plan === null || plan instanceof TaskbellError) throw new Error(`no plan: ${plan}`);
  return plan;
}

function refusalOf(...jobs: readonly FlowMember[]): TaskbellError {
  const plan = planFlow(jobs);
  if (plan instanceof TaskbellError) return plan;
  throw new Error('it was planned');
}

const orderOf = (...jobs: readonly FlowMember[]) => planOf(...jobs).map(({ index }) => index);

describe('planning', () => {
  it('has nothing to say of jobs that do not speak of each other', () => {
    expect(planFlow([])).toBeNull();
    expect(planFlow([member(null), member(null)])).toBeNull();
  });

  it('puts each job behind those that it depends on, and keeps the order of the request otherwise', () => {
    expect(orderOf(member('a'), member('b'), member('c'))).toEqual([0, 1, 2]);
    expect(orderOf(member('d', 'b', 'c'), member('c', 'a'), member('b', 'a'), member('a'))).toEqual(
      [3, 1, 2, 0],
    );
  });

  it('refuses more dependencies than one transaction should have, whoever has them', () => {
    const parents = Array.from({ length: 50 }, (_, n) => `p${n}`);
    const flow = (children: number) => [
      ...parents.map((ref) => member(ref)),
      ...Array.from({ length: children }, () => member(null, ...parents)),
    ];
    expect(planOf(...flow(1_000))).toHaveLength(1_050);
    const { code, message } = refusalOf(...flow(1_000), member(null, 'p0'));
    expect(code).toBe('E_PAYLOAD_TOO_LARGE');
    expect(message).toContain('at most 50000 others in all, got 50001');
  });

  it('takes a name that is no ref of the request for the id of a job', () => {
    const [first, second] = planOf(member('17'), member(null, '17', '18'));
    expect(first).toEqual({ index: 0, parents: [] });
    expect(second?.parents).toEqual([
      { kind: 'member', index: 0, ref: '17' },
      { kind: 'job', id: '18' },
    ]);
  });

  it('refuses a ref that is there twice', () => {
    const error = refusalOf(member('a'), member('b'), member('a'));
    expect(error.code).toBe('E_INVALID_REQUEST');
    expect(error.message).toContain('The ref a names two jobs: number 1 and number 3');
  });

  it.each([
    [[member('a', 'a')], 'a after a.'],
    [[member('a', 'b'), member('b', 'a')], 'a after b after a.'],
    [
      [member('x'), member('w', 'b'), member('a', 'c', 'x'), member('b', 'a'), member('c', 'b')],
      'b after a after c after b.',
    ],
  ])('names the cycle that it refuses (%#)', (jobs, cycle) => {
    const error = refusalOf(...jobs);
    expect(error.code).toBe('E_INVALID_REQUEST');
    expect(error.message).toContain(cycle);
  });

  it('names a long cycle in short', () => {
    const jobs = Array.from({ length: 500 }, (_, n) => member(`r${n}`, `r${(n + 1) % 500}`));
    const { message } = refusalOf(...jobs);
    expect(message).toContain('r0 after r1 after');
    expect(message).toContain('… after r0.');
    expect(message.length).toBeLessThan(300);
  });

  it('takes ten thousand jobs in a chain, last one first', () => {
    const count = 10_000;
    const jobs = Array.from({ length: count }, (_, n) => {
      return n === count - 1 ? member(`r${n}`) : member(`r${n}`, `r${n + 1}`);
    });
    expect(orderOf(...jobs)[0]).toBe(count - 1);
  });

  it('plans any jobs without a cycle whole, each behind its own', () => {
    const edges = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(edges, fc.array(fc.double({ noNaN: true })), (wanted, luck) => {
        // Only backwards, so there is no cycle; then shuffled.
        const jobs = wanted.map((parents, n) =>
          member(`r${n}`, ...parents.filter((parent) => parent < n).map((parent) => `r${parent}`)),
        );
        const shuffled = jobs
          .map((job, n) => ({ job, at: luck[n] ?? n }))
          .sort((a, b) => a.at - b.at)
          .map(({ job }) => job);
        const seen = new Set<number>();
        for (const { index, parents } of planOf(...shuffled)) {
          for (const parent of parents) {
            expect(parent.kind === 'member' && seen.has(parent.index)).toBe(true);
          }
          seen.add(index);
        }
        expect(seen.size).toBe(jobs.length);
      }),
    );
  });
});

describe('release', () => {
  it.each([
    ['fail', 1, 0, 'wait'],
    ['fail', 0, 0, 'run'],
    ['fail', 3, 1, 'fail'],
    ['cancel', 3, 1, 'cancel'],
    ['cancel', 0, 1, 'cancel'],
    ['continue', 3, 1, 'wait'],
    ['continue', 0, 5, 'run'],
  ] as const)(
    'policy %s with %i unfinished and %i unsuccessful: %s',
    (policy, unfinished, unsuccessful, release) => {
      expect(decideRelease(policy, { unfinished, unsuccessful })).toBe(release);
    },
  );

  it('counts a delay from the release, and keeps a moment that lies ahead', () => {
    expect(runAtOnRelease({ runAt: null, delayMs: null }, 1_000)).toBeNull();
    expect(runAtOnRelease({ runAt: null, delayMs: 50 }, 1_000)).toBe(1_050);
    expect(runAtOnRelease({ runAt: 1_001, delayMs: null }, 1_000)).toBe(1_001);
    expect(runAtOnRelease({ runAt: 1_000, delayMs: null }, 1_000)).toBeNull();
  });
});

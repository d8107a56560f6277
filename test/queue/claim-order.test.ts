import { describe, expect, it } from 'vitest';
import {
  type Candidate,
  type ClaimDecision,
  type ClaimQuestion,
  decideClaim,
} from '../../src/queue/claim-order.ts';
import type { Lane } from '../../src/queue/job.ts';
import { type LimitLedger, type LimitRules, NO_LIMITS } from '../../src/queue/limits.ts';
import { MAX_CRASHES } from '../../src/queue/transitions.ts';
import type { Limits } from '../../src/queue/type-policy.ts';

interface Job extends Candidate {
  readonly lane: Lane;
}

const NOW = 1_000_000;
const IDLE: LimitLedger = { running: () => 0, bucket: () => undefined };

function lane(type: string, group: string | null = null, queue = 'default'): Lane {
  return { queue, type, group };
}
const MAIL = lane('mail');
const SCAN = lane('scan');

function job(id: number, over: Partial<Job> = {}): Job {
  return { id, lane: MAIL, priority: 0, crashes: 0, ...over };
}

function types(given: Readonly<Record<string, Partial<Limits>>>): LimitRules {
  return { queue: () => NO_LIMITS, type: (name) => ({ ...NO_LIMITS, ...given[name] }) };
}

interface Asked extends Partial<ClaimQuestion> {
  readonly ledger?: LimitLedger;
}

/** @returns also how many rows were read of which lane, in order */
function decide(jobs: readonly Job[], { ledger = IDLE, ...over }: Asked = {}) {
  const question: ClaimQuestion = {
    limit: 10,
    lanes: [...new Set(jobs.map((one) => one.lane))],
    limits: types({}),
    idle: true,
    now: NOW,
    ...over,
  };
  const reads: [Lane, number][] = [];
  const decision: ClaimDecision<Job> = decideClaim(question, ledger, (of, count) => {
    reads.push([of, count]);
    const waiting = jobs.filter((one) => one.lane === of);
    return waiting.sort((a, b) => b.priority - a.priority || a.id - b.id).slice(0, count);
  });
  return { ...decision, reads };
}

function pick(jobs: readonly Job[], asked: Asked = {}): number[] {
  return decide(jobs, asked).picked.map(({ id }) => id);
}

describe('the order of claims inside a party', () => {
  it('is higher priority first, then older first, whatever lanes the candidates came from', () => {
    const candidates = [
      job(7),
      job(3, { priority: -1 }),
      job(5, { lane: SCAN }),
      job(9, { priority: 2 }),
      job(8, { priority: 2, lane: SCAN }),
    ];
    expect(pick(candidates)).toEqual([8, 9, 5, 7, 3]);
  });

  it('stops at the limit, and reads no more of a lane than that', () => {
    const { picked, reads } = decide([job(1), job(2), job(3)], { limit: 2 });
    expect(picked.map(({ id }) => id)).toEqual([1, 2]);
    expect(reads).toEqual([[MAIL, 2]]);
  });
});

describe('parties', () => {
  const [acme, brown, cole] = [lane('mail', 'acme'), lane('mail', 'brown'), lane('mail', 'cole')];

  it('get one job each in the order of their turns, round by round', () => {
    const jobs = [
      ...[1, 2, 3, 4].map((id) => job(id, { lane: acme })),
      ...[5, 6].map((id) => job(id, { lane: brown })),
      job(7, { lane: cole }),
    ];
    expect(pick(jobs, { lanes: [cole, acme, brown], limit: 6 })).toEqual([7, 1, 5, 2, 6, 3]);
  });

  it('are groups of a queue, and all that has no group together', () => {
    const other = lane('mail', 'acme', 'slow');
    const jobs = [
      ...[1, 2].map((id) => job(id)),
      ...[3, 4].map((id) => job(id, { lane: lane('mail', null, 'slow') })),
      job(5, { lane: acme }),
      job(6, { lane: lane('scan', 'acme') }),
      job(7, { lane: other }),
    ];
    expect(pick(jobs)).toEqual([1, 5, 7, 2, 6, 3, 4]);
  });

  it('get no lower priority ahead of a higher one that was not read', () => {
    const [scan, many] = [lane('scan', 'acme'), [1, 2, 3, 4, 5]];
    const jobs = [
      ...many.map((id) => job(id, { lane: acme, priority: 1 })),
      job(6, { lane: scan }),
      job(7, { lane: brown }),
    ];
    const asked = { lanes: [acme, scan, brown, cole], limit: 5 };
    expect(pick(jobs, asked)).toEqual([1, 7, 2, 3]);
    expect(pick(jobs.slice(1), { ...asked, limit: 9 })).toEqual([2, 7, 3, 4, 5]);
    expect(pick(jobs.slice(2), { ...asked, limit: 9 })).toEqual([3, 7, 4, 5, 6]);
  });

  it('go on past a lane whose bounds are used up', () => {
    const scan = lane('scan', 'acme');
    const jobs = [
      ...[1, 2, 3].map((id) => job(id, { lane: acme, priority: 1 })),
      job(4, { lane: scan }),
      job(5, { lane: brown }),
    ];
    const limits = types({ mail: { groupConcurrency: 1 } });
    expect(pick(jobs, { limits, limit: 5 })).toEqual([1, 5, 4]);
  });

  it('go on past a lane whose room others took before its turn', () => {
    const slow = lane('mail', null, 'slow');
    const jobs = [
      ...[1, 2].map((id) => job(id, { lane: acme })),
      ...[3, 4, 5].map((id) => job(id, { priority: 1 })),
      job(6, { lane: slow }),
    ];
    const limits: LimitRules = {
      queue: (name) => ({ ...NO_LIMITS, concurrency: name === 'default' ? 1 : null }),
      type: () => NO_LIMITS,
    };
    expect(pick(jobs, { limits, limit: 2 })).toEqual([1, 6]);
  });

  it('are not preferred for the priority of their jobs', () => {
    const jobs = [job(1, { lane: acme }), job(2, { lane: brown, priority: 100 })];
    expect(pick(jobs, { limit: 1 })).toEqual([1]);
  });

  it('are read no further than their share and one row, whatever the slots', () => {
    const jobs = [acme, brown, cole].map((of, index) => job(index, { lane: of }));
    const { reads } = decide(jobs, { limit: 30 });
    expect(reads).toEqual([acme, brown, cole].map((of) => [of, 11]));
  });
});

describe('what the caller learns of the lanes', () => {
  it('is that one is empty, before the claim or after it', () => {
    expect(decide([], { lanes: [SCAN] }).emptyLanes).toEqual([SCAN]);
    expect(decide([job(1)], { limit: 2 }).emptyLanes).toEqual([MAIL]);
  });

  it('is nothing while there may be more', () => {
    expect(decide([job(1)], { limit: 1 }).emptyLanes).toEqual([]);
    const acme = lane('mail', 'acme');
    const two = [job(1), job(2, { lane: acme }), job(3, { lane: acme })];
    const { picked, emptyLanes } = decide(two, { limit: 2 });
    expect(picked).toHaveLength(2);
    expect(emptyLanes).toEqual([MAIL]);
  });
});

describe('a bound', () => {
  const one = { limits: types({ mail: { concurrency: 1 } }) };

  it('lets through what there is room for, and later jobs of other types move up', () => {
    const candidates = [job(1), job(2), job(3, { lane: SCAN }), job(4)];
    const { picked, heldLanes } = decide(candidates, one);
    expect(picked.map(({ id }) => id)).toEqual([1, 3]);
    expect(heldLanes).toEqual([{ lane: MAIL, key: 'type mail', until: null }]);
  });

  it.each([1, 2])(
    'that is used up by %i running lets nothing through, and its lane is not read',
    (n) => {
      const ledger: LimitLedger = { ...IDLE, running: (key) => (key === 'type mail' ? n : 0) };
      const { picked, reads, heldLanes } = decide([job(1), job(2, { lane: SCAN })], {
        ...one,
        ledger,
      });
      expect(picked.map(({ id }) => id)).toEqual([2]);
      expect(reads.map(([of]) => of)).toEqual([SCAN]);
      expect(heldLanes.map((held) => held.lane)).toEqual([MAIL]);
    },
  );

  it('is shared by all the lanes under it', () => {
    const slow = lane('mail', null, 'slow');
    expect(pick([job(1), job(2, { lane: slow })], one)).toEqual([1]);
  });

  it('of a group holds that group alone', () => {
    const [acme, brown] = [lane('mail', 'acme'), lane('mail', 'brown')];
    const jobs = [acme, acme, brown, brown].map((of, index) => job(index + 1, { lane: of }));
    const limits = types({ mail: { groupConcurrency: 1 } });
    const { picked, heldLanes } = decide([...jobs, job(9)], { limits });
    expect(picked.map(({ id }) => id)).toEqual([1, 3, 9]);
    expect(heldLanes.map(({ key }) => key)).toEqual([
      'type mail group acme',
      'type mail group brown',
    ]);
  });

  it('of a rate takes a token for each start, and says when the next one comes', () => {
    const rate = { count: 2, perMs: 1_000 };
    const limits = types({ mail: { rate } });
    const { picked, heldLanes, spendings } = decide([job(1), job(2), job(3)], { limits });
    expect(picked.map(({ id }) => id)).toEqual([1, 2]);
    expect(spendings).toEqual([{ key: 'type mail', rate, count: 2 }]);
    expect(heldLanes).toEqual([{ lane: MAIL, key: 'type mail', until: NOW + 500 }]);
  });

  it('of a queue holds beside that of a type', () => {
    const limits: LimitRules = {
      queue: () => ({ ...NO_LIMITS, concurrency: 3 }),
      type: (name) => ({ ...NO_LIMITS, concurrency: name === 'mail' ? 2 : null }),
    };
    const jobs = [1, 2, 3].map((id) => job(id));
    expect(pick([...jobs, job(4, { lane: SCAN }), job(5, { lane: SCAN })], { limits })).toEqual([
      1, 2, 4,
    ]);
  });
});

describe('a job one crash short of quarantine', () => {
  const suspect = (id: number) => job(id, { crashes: MAX_CRASHES - 1 });

  it('runs alone on an idle executor when it is next', () => {
    expect(pick([suspect(1), job(2)])).toEqual([1]);
  });

  it('waits for an idle executor, and what comes after it waits with it', () => {
    expect(pick([suspect(1), job(2)], { idle: false })).toEqual([]);
  });

  it('is left for the next claim when others go before it', () => {
    expect(pick([job(1), suspect(2), job(3)])).toEqual([1]);
  });

  it('holds nobody up while its type is full', () => {
    const ledger: LimitLedger = { ...IDLE, running: (key) => (key === 'type mail' ? 1 : 0) };
    const candidates = [suspect(1), job(2, { lane: SCAN })];
    const limits = types({ mail: { concurrency: 1 } });
    expect(pick(candidates, { limits, ledger, idle: false })).toEqual([2]);
  });

  it('takes a token as any other', () => {
    const limits = types({ mail: { rate: { count: 5, perMs: 1_000 } } });
    expect(decide([suspect(1)], { limits }).spendings).toMatchObject([{ count: 1 }]);
  });

  it('is not yet suspected after its first crash', () => {
    expect(pick([job(1, { crashes: 1 }), job(2)], { idle: false })).toEqual([1, 2]);
  });
});

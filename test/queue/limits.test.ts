import { describe, expect, it } from 'vitest';
import type { Lane } from '../../src/queue/job.ts';
import {
  Allowance,
  blocksOf,
  boundsOf,
  keysOf,
  type LimitLedger,
  NO_LIMITS,
} from '../../src/queue/limits.ts';
import { takeTokens } from '../../src/queue/token-bucket.ts';
import { rules } from '../contract/job-fixture.ts';

const NOW = 1_000_000;
const RATE = { count: 2, perMs: 1_000 };
const PLAIN: Lane = { queue: 'imports', type: 'mail', group: null };
const ACME: Lane = { ...PLAIN, group: 'acme' };

function ledger(
  running: Readonly<Record<string, number>> = {},
  empty: readonly string[] = [],
): LimitLedger {
  const bucket = takeTokens(undefined, 2, RATE, NOW);
  return {
    running: (key) => running[key] ?? 0,
    bucket: (key) => (empty.includes(key) ? bucket : undefined),
  };
}

describe('the bounds of a lane', () => {
  it('are none where nothing was decided', () => {
    expect(boundsOf(ACME, rules())).toEqual([]);
    expect(new Allowance(ledger(), NOW).room([])).toBe(Number.POSITIVE_INFINITY);
  });

  it('are those of its queue, its type, and of its group in either', () => {
    const limits = rules({
      queue: { imports: { concurrency: 5, groupConcurrency: 2 } },
      type: { mail: { rate: RATE, groupRate: RATE } },
    });
    expect(boundsOf(ACME, limits)).toEqual([
      { key: 'queue imports', concurrency: 5, rate: null },
      { key: 'type mail', concurrency: null, rate: RATE },
      { key: 'queue imports group acme', concurrency: 2, rate: null },
      { key: 'type mail group acme', concurrency: null, rate: RATE },
    ]);
    expect(boundsOf(PLAIN, limits).map(({ key }) => key)).toEqual(['queue imports', 'type mail']);
    expect(boundsOf({ ...ACME, queue: 'other', type: 'other' }, limits)).toEqual([]);
  });

  it('have the keys that a running attempt counts under', () => {
    expect(keysOf(PLAIN)).toEqual(['queue imports', 'type mail']);
    expect(keysOf(ACME)).toHaveLength(4);
    expect(keysOf({ ...ACME, group: 'a b' })).not.toEqual(keysOf({ ...ACME, group: 'a  b' }));
  });
});

describe('an allowance', () => {
  const limits = rules({
    queue: { imports: { concurrency: 5, rate: { count: 4, perMs: 1_000 } } },
    type: { mail: { groupConcurrency: 1 } },
  });

  it('is the least that any bound leaves, less what was taken', () => {
    const allowance = new Allowance(ledger({ 'queue imports': 2 }), NOW);
    const bounds = boundsOf(PLAIN, limits);
    expect(allowance.room(bounds)).toBe(3);
    allowance.take(bounds);
    expect(allowance.room(bounds)).toBe(2);
    expect(allowance.room(boundsOf(ACME, limits))).toBe(1);
    expect(allowance.spendings()).toMatchObject([{ key: 'queue imports', count: 1 }]);
  });

  it('names the bound that has no room, what was taken included', () => {
    const allowance = new Allowance(ledger(), NOW);
    const bounds = boundsOf(ACME, limits);
    expect(allowance.blockOf(bounds)).toBeUndefined();
    allowance.take(bounds);
    expect(allowance.blockOf(bounds)).toMatchObject({ key: 'type mail group acme', until: null });
    for (let n = 0; n < 3; n += 1) allowance.take(boundsOf(PLAIN, limits));
    expect(allowance.blockOf(boundsOf(PLAIN, limits))).toMatchObject({
      ...{ key: 'queue imports', kind: 'rate', until: NOW + 250 },
    });
  });
});

describe('the blocks of a lane', () => {
  it('are all bounds without room, in words', () => {
    const limits = rules({
      queue: { imports: { concurrency: 1 } },
      type: { mail: { ...NO_LIMITS, rate: RATE, groupConcurrency: 2 } },
    });
    const of = ledger({ 'queue imports': 1, 'type mail group acme': 1 }, ['type mail']);
    expect(blocksOf(boundsOf(ACME, limits), of, NOW)).toEqual([
      { key: 'queue imports', kind: 'concurrency', limit: '1', until: null },
      { key: 'type mail', kind: 'rate', limit: '2 in 1000 ms', until: NOW + 500 },
    ]);
  });
});

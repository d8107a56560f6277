import { describe, expect, it } from 'vitest';
import { type Candidate, type ClaimBounds, pickClaims } from '../../src/queue/claim-order.ts';
import { MAX_CRASHES } from '../../src/queue/transitions.ts';

function job(id: number, over: Partial<Candidate> = {}): Candidate {
  return { id, type: 'mail', priority: 0, crashes: 0, ...over };
}

function pick(candidates: readonly Candidate[], bounds: Partial<ClaimBounds> = {}): number[] {
  const all = { limit: 10, typeLimits: new Map(), idle: true, ...bounds };
  return pickClaims(candidates, all).map(({ id }) => id);
}

describe('the order of claims', () => {
  it('is higher priority first, then older first, whatever lanes the candidates came from', () => {
    const candidates = [
      job(7),
      job(3, { priority: -1 }),
      job(5, { type: 'scan' }),
      job(9, { priority: 2 }),
      job(8, { priority: 2, type: 'scan' }),
    ];
    expect(pick(candidates)).toEqual([8, 9, 5, 7, 3]);
  });

  it('stops at the limit', () => {
    expect(pick([job(1), job(2), job(3)], { limit: 2 })).toEqual([1, 2]);
    expect(pick([job(1)], { limit: 0 })).toEqual([]);
  });

  it('leaves the candidates in the order they came in', () => {
    const candidates = [job(2), job(1)];
    pick(candidates);
    expect(candidates.map(({ id }) => id)).toEqual([2, 1]);
  });
});

describe('a type with a bound', () => {
  it('gets no more than its room, and later jobs of other types move up', () => {
    const candidates = [job(1), job(2), job(3, { type: 'scan' }), job(4)];
    expect(pick(candidates, { typeLimits: new Map([['mail', 1]]) })).toEqual([1, 3]);
  });

  it('gets nothing when its room is used up', () => {
    for (const room of [0, -1]) {
      expect(
        pick([job(1), job(2, { type: 'scan' })], { typeLimits: new Map([['mail', room]]) }),
      ).toEqual([2]);
    }
  });

  it('does not use up the map of the caller', () => {
    const typeLimits = new Map([['mail', 1]]);
    pick([job(1)], { typeLimits });
    expect(typeLimits.get('mail')).toBe(1);
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
    const full = new Map([['mail', 0]]);
    const candidates = [suspect(1), job(2, { type: 'scan' })];
    expect(pick(candidates, { typeLimits: full, idle: false })).toEqual([2]);
  });

  it('is not yet suspected after its first crash', () => {
    expect(pick([job(1, { crashes: 1 }), job(2)], { idle: false })).toEqual([1, 2]);
  });
});

import { describe, expect, it } from 'vitest';
import { decideReturn, type Loss } from '../../src/events-client/return-policy.ts';

const BOUNDS = { minDelayMs: 1_000, maxDelayMs: 30_000 };
const LOSS: Loss = { code: 1006, reason: '', losses: 1, canRenew: false, drainMs: undefined };

function delayOf(changes: Partial<Loss>, random = 0.5): number | undefined {
  const next = decideReturn({ ...LOSS, ...changes }, BOUNDS, random);
  return next.kind === 'again' ? next.delayMs : undefined;
}

describe('after a lost connection', () => {
  it('waits for a random part of a ceiling that doubles', () => {
    expect([1, 2, 3, 4].map((losses) => delayOf({ losses }))).toEqual([500, 1_000, 2_000, 4_000]);
    expect([delayOf({ losses: 6 }, 0), delayOf({ losses: 500 }, 0.999)]).toEqual([0, 29_970]);
  });

  it('waits for what the gateway asked for, and its part after that', () => {
    expect(delayOf({ code: 1012, reason: '{"retry":4200}' })).toBe(4_700);
    expect(delayOf({ code: 1012, drainMs: 800 })).toBe(1_300);
    expect(delayOf({ code: 1013, reason: 'a text for people' })).toBe(500);
    expect(delayOf({ code: 1013, reason: '{"retry":-1}' })).toBe(500);
  });

  it('lets others go first where there are too many connections', () => {
    expect(delayOf({ code: 4409 })).toBe(15_000);
  });

  it('comes back with another token only where it can have one', () => {
    expect(delayOf({ code: 4401, canRenew: true })).toBe(500);
    const next = decideReturn({ ...LOSS, code: 4401 }, BOUNDS, 0.5);
    expect(next).toEqual({ kind: 'never', code: 'E_TOKEN_EXPIRED' });
  });

  it('stays away from where it is forbidden', () => {
    const next = decideReturn({ ...LOSS, code: 4403, canRenew: true }, BOUNDS, 0.5);
    expect(next).toEqual({ kind: 'never', code: 'E_UNAUTHORIZED' });
  });
});

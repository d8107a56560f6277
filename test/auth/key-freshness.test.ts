import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COOLDOWN_MS, decideKeyUse, type KeySetAge } from '../../src/auth/key-freshness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function decide(facts: Partial<KeySetAge>) {
  const { fetch, usable } = decideKeyUse({
    ...{ ageMs: 0, sinceAttemptMs: HOUR, failures: 0, keyMissing: false },
    ...facts,
  });
  return `${fetch}, ${usable ? 'usable' : 'unusable'}`;
}

describe('a key set', () => {
  it('is used while it is fresh, then fetched beside its use, then before it', () => {
    expect(decide({ ageMs: 5 * MINUTE })).toBe('no, usable');
    expect(decide({ ageMs: 5 * MINUTE + 1 })).toBe('beside, usable');
    expect(decide({ ageMs: 10 * MINUTE })).toBe('beside, usable');
    expect(decide({ ageMs: 10 * MINUTE + 1 })).toBe('first, usable');
  });

  it('that its issuer cannot renew serves for a day, and nobody waits for the issuer', () => {
    expect(decide({ ageMs: 24 * HOUR, failures: 3 })).toBe('beside, usable');
    expect(decide({ ageMs: 24 * HOUR + 1, failures: 3 })).toBe('first, unusable');
  });

  it('that is not there is fetched first', () => {
    expect(decide({ ageMs: undefined, sinceAttemptMs: undefined })).toBe('first, unusable');
  });

  it('from the future is of an unknown age', () => {
    expect(decide({ ageMs: -COOLDOWN_MS })).toBe('no, usable');
    expect(decide({ ageMs: -COOLDOWN_MS - 1 })).toBe('first, unusable');
  });

  it('without the key of a token is fetched at once, but not again within the cooldown', () => {
    expect(decide({ keyMissing: true, sinceAttemptMs: COOLDOWN_MS })).toBe('first, usable');
    expect(decide({ keyMissing: true, sinceAttemptMs: COOLDOWN_MS - 1 })).toBe('no, usable');
  });

  it('is tried again 1, 2, 4 … 30 s after failures', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => {
      let waitMs = 0;
      while (decide({ ageMs: undefined, sinceAttemptMs: waitMs, failures }) === 'no, unusable') {
        waitMs += 500;
      }
      return waitMs;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });
});

it('is never fetched twice within a second, whatever its age and whoever asks', () => {
  const ages = fc.record({
    ageMs: fc.option(fc.integer({ min: -HOUR, max: 48 * HOUR }), { nil: undefined }),
    sinceAttemptMs: fc.integer({ min: 0, max: 999 }),
    failures: fc.nat(100),
    keyMissing: fc.boolean(),
  });
  fc.assert(fc.property(ages, (age) => decideKeyUse(age).fetch === 'no'));
});

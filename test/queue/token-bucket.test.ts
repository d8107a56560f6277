import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Bucket,
  isFull,
  nextTokenAt,
  onClock,
  takeTokens,
  tokensIn,
} from '../../src/queue/token-bucket.ts';
import type { RateLimit } from '../../src/queue/type-policy.ts';

const NOW = Date.UTC(2026, 10, 22);
const RATE: RateLimit = { count: 10, perMs: 1_000 };

describe('a token bucket', () => {
  it('is full when nobody has taken from it', () => {
    expect(tokensIn(undefined, RATE, NOW)).toBe(10);
    expect(nextTokenAt(undefined, RATE, NOW)).toBe(NOW);
  });

  it('gets its tokens back evenly, and holds no more than its count', () => {
    const empty = takeTokens(undefined, 10, RATE, NOW);
    expect(
      [0, 99, 100, 250, 999, 1_000, 60_000].map((ms) => tokensIn(empty, RATE, NOW + ms)),
    ).toEqual([0, 0, 1, 2, 9, 10, 10]);
    expect(nextTokenAt(empty, RATE, NOW)).toBe(NOW + 100);
    expect(nextTokenAt(empty, RATE, NOW + 30)).toBe(NOW + 100);
  });

  it('is full again when it owes nothing, and can be forgotten then', () => {
    const bucket = takeTokens(undefined, 3, RATE, NOW);
    expect(isFull(bucket, NOW + 299)).toBe(false);
    expect(isFull(bucket, NOW + 300)).toBe(true);
  });

  it('keeps what it owes when the clock goes back, and counts on from there', () => {
    const empty = takeTokens(undefined, 10, RATE, NOW);
    const back = onClock(empty, NOW - 3_600_000);
    expect(nextTokenAt(back, RATE, NOW - 3_600_000)).toBe(NOW - 3_600_000 + 100);
    expect(tokensIn(back, RATE, NOW - 3_600_000 + 500)).toBe(5);
    expect(onClock(empty, NOW + 1)).toBe(empty);
  });

  it('takes a changed rate at its word', () => {
    const empty = takeTokens(undefined, 10, RATE, NOW);
    expect(nextTokenAt(empty, { count: 1, perMs: 60_000 }, NOW)).toBe(NOW + 1_000);
    const slow = takeTokens(undefined, 1, { count: 1, perMs: 60_000 }, NOW);
    expect(nextTokenAt(slow, RATE, NOW)).toBe(NOW + 100);
  });

  it('has a token at the time that it names, and none before, whatever the rate', () => {
    const rate = fc.record({
      count: fc.integer({ min: 1, max: 5_000 }),
      perMs: fc.integer({ min: 1_000, max: 86_400_000 }),
    });
    fc.assert(
      fc.property(rate, fc.integer({ min: 0, max: 5_000 }), (of, waited) => {
        const empty = takeTokens(undefined, of.count, of, NOW);
        const at = nextTokenAt(empty, of, NOW + waited);
        expect(tokensIn(empty, of, at)).toBeGreaterThan(0);
        if (at > NOW + waited) expect(tokensIn(empty, of, at - 1)).toBe(0);
      }),
    );
  });

  it('lets through its count at once and then its rate, in any stretch, however it is asked', () => {
    const asks = fc.array(
      fc.record({ afterMs: fc.integer({ min: -50, max: 400 }), wanted: fc.nat(12) }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(asks, (all) => {
        let [bucket, now, mono]: [Bucket | undefined, number, number] = [undefined, NOW, 0];
        const taken: { mono: number; count: number }[] = [];
        for (const { afterMs, wanted } of all) {
          now += afterMs;
          // The wall clock goes back at times; true time does not.
          mono += Math.max(0, afterMs);
          bucket = bucket && onClock(bucket, now);
          const count = Math.min(wanted, tokensIn(bucket, RATE, now));
          if (count > 0) bucket = takeTokens(bucket, count, RATE, now);
          taken.push({ mono, count });
        }
        for (const [from, { mono: start }] of taken.entries()) {
          let sum = 0;
          for (const { mono: end, count } of taken.slice(from)) {
            sum += count;
            expect(sum).toBeLessThanOrEqual(
              RATE.count + ((end - start) * RATE.count) / RATE.perMs + 1e-6,
            );
          }
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fullBucket, takeToken } from '../../src/gateway/rate-limit.ts';

const RULE = { messagesPerSecond: 20, messageBurst: 3 };

function waits(timesMono: readonly number[]): number[] {
  let bucket = fullBucket(RULE, 0);
  return timesMono.map((nowMono) => {
    const taken = takeToken(bucket, RULE, nowMono);
    bucket = taken.bucket;
    return taken.waitMs;
  });
}

it('lets a burst pass, then says how long to wait', () => {
  expect(waits([0, 0, 0, 0, 10])).toEqual([0, 0, 0, 50, 40]);
});

it('lets one more pass each 50 ms at 20 a second', () => {
  expect(waits([0, 0, 0, 50, 50, 100])).toEqual([0, 0, 0, 0, 50, 0]);
});

it('never saves up more than a burst', () => {
  expect(waits([0, 3_600_000, 3_600_000, 3_600_000, 3_600_000])).toEqual([0, 0, 0, 0, 50]);
});

it('lets no more pass in any time than the burst and the rate together', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(gaps, (gapsMs) => {
      let nowMono = 0;
      const timesMono = gapsMs.map((gapMs) => {
        nowMono += gapMs;
        return nowMono;
      });
      const passed = waits(timesMono).filter((waitMs) => waitMs === 0).length;
      expect(passed).toBeLessThanOrEqual(3 + (nowMono * 20) / 1_000 + 1e-6);
    }),
  );
});

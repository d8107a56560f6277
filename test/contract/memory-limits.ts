/** What limits are decided by, in memory: counted anew each time, and buckets in a map. */
import type { Lane } from '../../src/queue/job.ts';
import { keysOf, type LimitLedger, type Spending } from '../../src/queue/limits.ts';
import { type Bucket, onClock, takeTokens } from '../../src/queue/token-bucket.ts';

export type Buckets = Map<string, Bucket>;

export function ledgerOf(running: readonly Lane[], buckets: Buckets): LimitLedger {
  return {
    running: (key) => running.filter((lane) => keysOf(lane).includes(key)).length,
    bucket: (key, now) => {
      const bucket = buckets.get(key);
      if (bucket === undefined) return undefined;
      const moved = onClock(bucket, now);
      buckets.set(key, moved);
      return moved;
    },
  };
}

export function spend(buckets: Buckets, spendings: readonly Spending[], now: number): void {
  for (const { key, rate, count } of spendings) {
    buckets.set(key, takeTokens(buckets.get(key), count, rate, now));
  }
}

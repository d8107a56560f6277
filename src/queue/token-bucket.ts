/**
 * The token bucket of a rate limit: holds `count` tokens, gets them back evenly in `perMs`, and each
 * start takes one. Pure; the clock is the wall clock, because the bucket outlives the process.
 *
 * What is kept is the time that it lacks to be full, so a bucket that is full is the same as none, and
 * a rate that was changed meanwhile applies at once. A clock that went back costs at most the tokens that
 * have come since the last start; one that jumped ahead fills the bucket, and no more than that.
 */
import type { RateLimit } from './type-policy.ts';

export interface Bucket {
  /** Milliseconds from `at` on until it is full. */
  readonly owedMs: number;
  /** Epoch milliseconds of the last look that changed it. */
  readonly at: number;
}

/** What rounding may take from a token that is due. */
const ROUNDING_MS = 1e-6;

/** The bucket on a clock that may have gone back: no time has passed then. */
export function onClock(bucket: Bucket, now: number): Bucket {
  return now < bucket.at ? { owedMs: bucket.owedMs, at: now } : bucket;
}

export function isFull(bucket: Bucket, now: number): boolean {
  return bucket.at + bucket.owedMs <= now;
}

/** Whole tokens; undefined is a bucket that nobody has taken from. */
export function tokensIn(bucket: Bucket | undefined, rate: RateLimit, now: number): number {
  const left = rate.perMs - owed(bucket, rate, now);
  return Math.max(0, Math.floor((left + ROUNDING_MS) / intervalOf(rate)));
}

/** @param count no more than there are */
export function takeTokens(
  bucket: Bucket | undefined,
  count: number,
  rate: RateLimit,
  now: number,
): Bucket {
  return { owedMs: owed(bucket, rate, now) + count * intervalOf(rate), at: now };
}

/** Epoch milliseconds of the first moment that has a token; `now` when there is one. */
export function nextTokenAt(bucket: Bucket | undefined, rate: RateLimit, now: number): number {
  if (tokensIn(bucket, rate, now) > 0) return now;
  return Math.ceil(now + owed(bucket, rate, now) + intervalOf(rate) - rate.perMs);
}

function owed(bucket: Bucket | undefined, rate: RateLimit, now: number): number {
  if (bucket === undefined) return 0;
  const passed = Math.max(0, now - bucket.at);
  // No more than an empty bucket owes: a rate that is slower now owes nothing for the faster past.
  return Math.min(rate.perMs, Math.max(0, bucket.owedMs - passed));
}

function intervalOf({ count, perMs }: RateLimit): number {
  return perMs / count;
}

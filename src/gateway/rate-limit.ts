/**
 * A token bucket: so many messages at once, so many a second for ever.
 *
 * Pure: a bucket is a value, the time is an argument.
 */

export interface RateRule {
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
}

export interface Bucket {
  readonly tokens: number;
  /** When `tokens` was right; monotonic milliseconds. */
  readonly atMono: number;
}

export interface Taken {
  readonly bucket: Bucket;
  /** 0: the message may pass; else how long until one may. */
  readonly waitMs: number;
}

export function fullBucket(rule: RateRule, nowMono: number): Bucket {
  return { tokens: rule.messageBurst, atMono: nowMono };
}

export function takeToken(bucket: Bucket, rule: RateRule, nowMono: number): Taken {
  const elapsedMs = Math.max(0, nowMono - bucket.atMono);
  const gained = (elapsedMs * rule.messagesPerSecond) / 1_000;
  const tokens = Math.min(rule.messageBurst, bucket.tokens + gained);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMono: nowMono }, waitMs: 0 };
  const waitMs = ((1 - tokens) * 1_000) / rule.messagesPerSecond;
  return { bucket: { tokens, atMono: nowMono }, waitMs };
}

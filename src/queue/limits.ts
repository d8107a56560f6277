/**
 * Which bounds hold for a waiting line, and what is left of them. Pure: what runs and the token buckets
 * come from the store's ledger, the rules from whoever asks.
 *
 * Every bound has a key, in words that an operator reads: `queue imports`, `type mail`,
 * `queue imports group acme`, `type mail group acme`.
 */
import type { Lane } from './job.ts';
import { type Bucket, nextTokenAt, takeTokens, tokensIn } from './token-bucket.ts';
import type { Limits, RateLimit } from './type-policy.ts';

/** What was decided for queues and types; `NO_LIMITS` where nothing was. */
export interface LimitRules {
  queue(name: string): Limits;
  type(name: string): Limits;
}

export const NO_LIMITS: Limits = {
  concurrency: null,
  rate: null,
  groupConcurrency: null,
  groupRate: null,
};

export interface Bound {
  readonly key: string;
  readonly concurrency: number | null;
  readonly rate: RateLimit | null;
}

/** What the store knows under each key, inside its transaction. */
export interface LimitLedger {
  running(key: string): number;
  bucket(key: string, now: number): Bucket | undefined;
}

/** Tokens that a claim takes from one bucket. */
export interface Spending {
  readonly key: string;
  readonly rate: RateLimit;
  readonly count: number;
}

/** One bound that a line waits for. */
export interface LimitBlock {
  readonly key: string;
  readonly kind: 'concurrency' | 'rate';
  /** In words: `2`, `100 in 60000 ms`. */
  readonly limit: string;
  /** Epoch milliseconds of the next token; null: until an attempt under the key ends. */
  readonly until: number | null;
}

const UNBOUND: readonly Bound[] = [];

/** The keys that an attempt of the lane counts under while it runs. */
export function keysOf({ queue, type, group }: Lane): readonly string[] {
  const keys = [queueKey(queue), typeKey(type)];
  if (group !== null) keys.push(groupKey(queueKey(queue), group), groupKey(typeKey(type), group));
  return keys;
}

/** Names have no blanks, so no two keys can be mixed up. */
export function queueKey(queue: string): string {
  return `queue ${queue}`;
}

export function typeKey(type: string): string {
  return `type ${type}`;
}

function groupKey(of: string, group: string): string {
  return `${of} group ${group}`;
}

/** The bounds of the lane, queue before type before groups; empty for most lanes. */
export function boundsOf({ queue, type, group }: Lane, rules: LimitRules): readonly Bound[] {
  const [ofQueue, ofType] = [rules.queue(queue), rules.type(type)];
  if (isUnbound(ofQueue) && isUnbound(ofType)) return UNBOUND;
  const bounds = [
    { key: queueKey(queue), concurrency: ofQueue.concurrency, rate: ofQueue.rate },
    { key: typeKey(type), concurrency: ofType.concurrency, rate: ofType.rate },
  ];
  if (group !== null) {
    for (const [key, limits] of [
      [queueKey(queue), ofQueue],
      [typeKey(type), ofType],
    ] as const) {
      const { groupConcurrency: concurrency, groupRate: rate } = limits;
      bounds.push({ key: groupKey(key, group), concurrency, rate });
    }
  }
  return bounds.filter(({ concurrency, rate }) => concurrency !== null || rate !== null);
}

function isUnbound({ concurrency, rate, groupConcurrency, groupRate }: Limits): boolean {
  return concurrency === null && rate === null && groupConcurrency === null && groupRate === null;
}

/** Every bound that has no room, what runs and the buckets being as the ledger says. */
export function blocksOf(
  bounds: readonly Bound[],
  ledger: LimitLedger,
  now: number,
): readonly LimitBlock[] {
  return bounds.flatMap(({ key, concurrency, rate }): readonly LimitBlock[] => {
    const blocks: LimitBlock[] = [];
    if (concurrency !== null && ledger.running(key) >= concurrency) {
      blocks.push({ key, kind: 'concurrency', limit: String(concurrency), until: null });
    }
    if (rate !== null) {
      const until = nextTokenAt(ledger.bucket(key, now), rate, now);
      const limit = `${rate.count} in ${rate.perMs} ms`;
      if (until > now) blocks.push({ key, kind: 'rate', limit, until });
    }
    return blocks;
  });
}

/** What is left during one claim: the ledger, less what the claim itself has taken. */
export class Allowance {
  readonly #ledger: LimitLedger;
  readonly #now: number;
  readonly #taken = new Map<string, number>();
  readonly #rates = new Map<string, RateLimit>();

  constructor(ledger: LimitLedger, now: number) {
    this.#ledger = ledger;
    this.#now = now;
  }

  /** Further starts that the bounds leave; Infinity without any. */
  room(bounds: readonly Bound[]): number {
    let room = Number.POSITIVE_INFINITY;
    for (const bound of bounds) room = Math.min(room, this.#roomOf(bound));
    return room;
  }

  take(bounds: readonly Bound[]): void {
    for (const { key, rate } of bounds) {
      this.#taken.set(key, this.#takenOf(key) + 1);
      if (rate !== null) this.#rates.set(key, rate);
    }
  }

  /** The bound without room, one that only an end can open before one that time opens. */
  blockOf(bounds: readonly Bound[]): LimitBlock | undefined {
    const blocks = blocksOf(bounds, this.#ahead(), this.#now);
    return blocks.find(({ until }) => until === null) ?? blocks[0];
  }

  spendings(): readonly Spending[] {
    return [...this.#rates].map(([key, rate]) => ({ key, rate, count: this.#takenOf(key) }));
  }

  #roomOf({ key, concurrency, rate }: Bound): number {
    const taken = this.#takenOf(key);
    const slots =
      concurrency === null
        ? Number.POSITIVE_INFINITY
        : concurrency - this.#ledger.running(key) - taken;
    if (rate === null) return slots;
    const tokens = tokensIn(this.#ledger.bucket(key, this.#now), rate, this.#now);
    return Math.min(slots, tokens - taken);
  }

  /** The ledger as it will be when what was taken is entered. */
  #ahead(): LimitLedger {
    return {
      running: (key) => this.#ledger.running(key) + this.#takenOf(key),
      bucket: (key, now) => {
        const [bucket, rate] = [this.#ledger.bucket(key, now), this.#rates.get(key)];
        return rate === undefined ? bucket : takeTokens(bucket, this.#takenOf(key), rate, now);
      },
    };
  }

  #takenOf(key: string): number {
    return this.#taken.get(key) ?? 0;
  }
}

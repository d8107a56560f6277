/**
 * What limits are decided by, on SQLite: how many attempts run under each key, and the token buckets.
 * Kept in memory beside the tables and read from them at the start, so a restart neither forgets nor
 * doubles anything; buckets are written in the transaction that takes from them.
 */
import type { Participant } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Lane } from '../job.ts';
import { keysOf, type LimitLedger, type Spending } from '../limits.ts';
import { type Bucket, isFull, onClock, takeTokens } from '../token-bucket.ts';
import { laneOf } from './job-rows.ts';

/** Buckets looked at in a transaction that writes some: more than it adds, so that full ones go. */
const SWEEP_AT_ONCE = 4;

export class SqliteLimitLedger implements LimitLedger, Participant {
  readonly #sql;
  #running = new Map<string, number>();
  readonly #buckets = new Map<string, Bucket>();
  /** What the running transaction changed, as it was before. */
  readonly #before = new Map<string, Bucket | undefined>();
  readonly #keys = new Map<string, Map<string, readonly string[]>>();
  #now = 0;

  constructor(db: Database) {
    this.#sql = prepareStatements(db);
    this.#count();
    for (const { key, owed_ms: owedMs, at } of this.#sql.buckets.all()) {
      this.#buckets.set(key, { owedMs, at });
    }
  }

  running(key: string): number {
    return this.#running.get(key) ?? 0;
  }

  bucket(key: string, now: number): Bucket | undefined {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return undefined;
    const moved = onClock(bucket, now);
    if (moved !== bucket) this.#set(key, moved);
    return moved;
  }

  started(lane: Lane): void {
    for (const key of this.#keysOf(lane)) this.#running.set(key, this.running(key) + 1);
  }

  ended(lane: Lane): void {
    for (const key of this.#keysOf(lane)) {
      const left = this.running(key) - 1;
      if (left > 0) this.#running.set(key, left);
      else this.#running.delete(key);
    }
  }

  spend(spendings: readonly Spending[], now: number): void {
    for (const { key, rate, count } of spendings) {
      this.#set(key, takeTokens(this.bucket(key, now), count, rate, now));
    }
    if (spendings.length > 0) this.#now = now;
  }

  beforeCommit(): void {
    if (this.#before.size === 0) return;
    this.#sweep();
    for (const key of this.#before.keys()) {
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) this.#sql.remove.run(key);
      else this.#sql.save.run(key, bucket.owedMs, bucket.at);
    }
  }

  afterCommit(): void {
    this.#before.clear();
  }

  afterRollback(): void {
    for (const [key, bucket] of this.#before) {
      if (bucket === undefined) this.#buckets.delete(key);
      else this.#buckets.set(key, bucket);
    }
    this.#before.clear();
    this.#count();
  }

  /** The map is in the order of the last look, so a few from its front find the full ones in time. */
  #sweep(): void {
    let looks = SWEEP_AT_ONCE + this.#before.size;
    for (const [key, bucket] of this.#buckets) {
      if (looks === 0) return;
      looks -= 1;
      if (this.#before.has(key)) continue;
      this.#buckets.delete(key);
      if (isFull(bucket, this.#now)) this.#before.set(key, bucket);
      else this.#buckets.set(key, bucket);
    }
  }

  /** Made once for each queue and type: every start and every end asks. */
  #keysOf(lane: Lane): readonly string[] {
    const { queue, type, group } = lane;
    if (group !== null) return keysOf(lane);
    const known = this.#keys.get(queue)?.get(type);
    if (known !== undefined) return known;
    const keys = keysOf(lane);
    const ofQueue = this.#keys.get(queue) ?? new Map<string, readonly string[]>();
    this.#keys.set(queue, ofQueue.set(type, keys));
    return keys;
  }

  #set(key: string, bucket: Bucket): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#buckets.get(key));
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
  }

  #count(): void {
    this.#running = new Map();
    for (const row of this.#sql.running.all()) this.started(laneOf(row));
  }
}

interface BucketRow {
  readonly key: string;
  readonly owed_ms: number;
  readonly at: number;
}

function prepareStatements(db: Database) {
  return {
    running: db.prepare<[], { queue: string; type: string; group_key: string }>(
      "SELECT queue, type, group_key FROM jobs WHERE state = 'running'",
    ),
    buckets: db.prepare<[], BucketRow>('SELECT key, owed_ms, at FROM rate_buckets'),
    save: db.prepare<[string, number, number]>(
      `INSERT INTO rate_buckets (key, owed_ms, at) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET owed_ms = excluded.owed_ms, at = excluded.at`,
    ),
    remove: db.prepare<[string]>('DELETE FROM rate_buckets WHERE key = ?'),
  };
}

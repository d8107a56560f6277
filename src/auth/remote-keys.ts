/**
 * The keys of an issuer that publishes them by URL: fetched when they are needed, never twice at once.
 *
 * No timer runs: age is looked at when a token is shown, so an idle gateway asks nobody. While the issuer is away
 * the keys that are there serve on, for a day at the most, and over restarts (key-set-file.ts).
 */
import type { TokenAlgorithm } from '../config/settings.ts';
import { decideKeyUse, MAX_STALE_MS } from './key-freshness.ts';
import { parseKeySet } from './key-set.ts';
import { readKeySetFile, writeKeySetFile } from './key-set-file.ts';
import type { IssuerKeys, KeySource, VerificationKey } from './public-key.ts';

/** What becomes of a key set, for whoever keeps a log. */
export type KeySetNews =
  | { readonly kind: 'fetched'; readonly url: string; readonly keys: number }
  /** The first failure after a success; those that follow are not told. */
  | {
      readonly kind: 'failed';
      readonly url: string;
      readonly error: unknown;
      /** Until when the keys that are there serve, epoch milliseconds; null: there are none. */
      readonly servesUntil: number | null;
    }
  | { readonly kind: 'not-kept'; readonly file: string; readonly error: unknown };

export interface RemoteKeysParts {
  readonly url: string;
  readonly algorithms: readonly TokenAlgorithm[];
  /** Null: kept in memory only. */
  readonly file: string | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly nowMono: () => number;
  readonly tell: (news: KeySetNews) => void;
  /** Shorter only in tests. */
  readonly fetchTimeoutMs?: number | undefined;
}

const FETCH_TIMEOUT_MS = 5_000;
const MAX_SET_BYTES = 65_536;

interface Held {
  readonly keys: readonly VerificationKey[];
  readonly text: string;
  readonly fetchedAt: number;
}

export class RemoteKeys implements KeySource {
  readonly #parts: RemoteKeysParts;
  readonly #closed = new AbortController();
  #held: Held | undefined;
  #looked = false;
  #generation = 0;
  #attemptedAtMono: number | undefined;
  #failures = 0;
  #fetching: Promise<void> | undefined;

  constructor(parts: RemoteKeysParts) {
    this.#parts = parts;
  }

  get generation(): number {
    return this.#generation;
  }

  async keys(): Promise<IssuerKeys> {
    if (this.#decide(false).fetch === 'first') await this.#fetch();
    else this.touch();
    return { keys: this.#usable(), generation: this.#generation };
  }

  touch(): void {
    // It never rejects.
    if (this.#decide(false).fetch !== 'no') void this.#fetch();
  }

  async renew(tried: number): Promise<boolean> {
    if (this.#generation !== tried) return true;
    // Who comes while a fetch is under way waits for that one, whatever began it.
    if (this.#fetching !== undefined || this.#decide(true).fetch === 'first') await this.#fetch();
    return this.#generation !== tried;
  }

  close(): void {
    this.#closed.abort();
  }

  #usable(): readonly VerificationKey[] {
    return this.#decide(false).usable ? (this.#held?.keys ?? []) : [];
  }

  #decide(keyMissing: boolean) {
    this.#lookAtFile();
    const { now, nowMono } = this.#parts;
    const attemptedAt = this.#attemptedAtMono;
    return decideKeyUse({
      ...{ failures: this.#failures, keyMissing },
      ageMs: this.#held === undefined ? undefined : now() - this.#held.fetchedAt,
      sinceAttemptMs: attemptedAt === undefined ? undefined : nowMono() - attemptedAt,
    });
  }

  #lookAtFile(): void {
    if (this.#looked) return;
    this.#looked = true;
    const { file, url, algorithms } = this.#parts;
    const kept = file === null ? undefined : readKeySetFile(file, url);
    if (kept === undefined) return;
    try {
      this.#held = { ...kept, keys: parseKeySet(kept.text, algorithms) };
    } catch {
      // Of other algorithms than now, or damaged: it is only a copy, and is fetched anew.
    }
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchOnce(): Promise<void> {
    const { url, algorithms, nowMono, now, fetchTimeoutMs = FETCH_TIMEOUT_MS } = this.#parts;
    const { signal } = this.#closed;
    if (signal.aborted) return;
    this.#attemptedAtMono = nowMono();
    const fetchedAt = now();
    try {
      // Most gateways have a key file and never fetch.
      const { fetchKeySet } = await import('./key-set-fetch.ts');
      const bounds = { timeoutMs: fetchTimeoutMs, maxBytes: MAX_SET_BYTES };
      const text = await fetchKeySet(url, bounds, signal);
      this.#take({ text, keys: parseKeySet(text, algorithms), fetchedAt });
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
  }

  #take(fetched: Held): void {
    const isNew = fetched.text !== this.#held?.text;
    const { url, tell } = this.#parts;
    if (isNew || this.#failures > 0) tell({ kind: 'fetched', url, keys: fetched.keys.length });
    if (isNew) this.#generation += 1;
    this.#failures = 0;
    this.#held = fetched;
    this.#keep(fetched);
  }

  #keep({ text, fetchedAt }: Held): void {
    const { file, url, tell } = this.#parts;
    if (file === null) return;
    try {
      writeKeySetFile(file, { url, fetchedAt, text });
    } catch (error) {
      // The keys serve from memory; a restart may miss them.
      tell({ kind: 'not-kept', file, error });
    }
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    const { url, tell } = this.#parts;
    const hasKeys = this.#held !== undefined && this.#decide(false).usable;
    const servesUntil = hasKeys ? (this.#held?.fetchedAt ?? 0) + MAX_STALE_MS : null;
    tell({ kind: 'failed', url, error, servesUntil });
  }
}

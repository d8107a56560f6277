/**
 * Remembers tokens that were found valid, by their SHA-256, until they expire.
 *
 * Bounded: the longest unused verdict goes first. Never holds a token itself, nor one that was refused.
 */
import { createHash } from 'node:crypto';

export class VerdictCache<V extends { readonly expiresAt: number }> {
  readonly #capacity: number;
  readonly #verdicts = new Map<string, V>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string, nowMs: number): V | undefined {
    const verdict = this.#verdicts.get(key);
    if (verdict === undefined) return undefined;
    this.#verdicts.delete(key);
    if (verdict.expiresAt <= nowMs) return undefined;
    // A Map iterates in the order of insertion: what is used moves to the end.
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  set(key: string, verdict: V): void {
    this.#verdicts.delete(key);
    this.#verdicts.set(key, verdict);
    if (this.#verdicts.size <= this.#capacity) return;
    const oldest = this.#verdicts.keys().next();
    if (!oldest.done) this.#verdicts.delete(oldest.value);
  }

  get size(): number {
    return this.#verdicts.size;
  }
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

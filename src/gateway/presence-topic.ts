/**
 * What this gateway knows of who is at one topic, and what of it was not told on yet.
 *
 * Decides only. Who is attached here is known at once; of others the core tells, who also keeps somebody who went for
 * a while. So a leave counts when the core says so, and not while the user is attached here.
 */
import type { PresenceState } from '../protocol/gateways.ts';

export interface PresenceNews {
  readonly join: readonly string[];
  readonly leave: readonly string[];
}

export class PresenceTopic {
  readonly #isHere: (user: string) => boolean;
  readonly #users = new Set<string>();
  /** What watchers were not told, as it stands now. */
  readonly #news = new Map<string, boolean>();
  #isKnown = false;

  /** @param isHere true for a user who is attached at this gateway */
  constructor(isHere: (user: string) => boolean) {
    this.#isHere = isHere;
  }

  /** False: the core has not said yet who is there. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  get count(): number {
    return this.#users.size;
  }

  /** So many of them at the most, sorted. */
  users(limit: number): readonly string[] {
    const some: string[] = [];
    for (const user of this.#users) {
      if (some.length === limit) break;
      some.push(user);
    }
    return some.sort();
  }

  /** The core says who is there. Who is missing is away only where it knows of all. */
  take({ users, isWhole }: Pick<PresenceState, 'users' | 'isWhole'>): void {
    this.#isKnown = true;
    for (const user of users) this.move(user, true);
    if (!isWhole) return;
    const there = new Set(users);
    for (const user of this.#users) if (!there.has(user)) this.move(user, false);
  }

  move(user: string, here: boolean): void {
    if (this.#users.has(user) === here) return;
    // It left elsewhere; the core will hear, or has heard since, that it is here.
    if (!here && this.#isHere(user)) return;
    if (here) this.#users.add(user);
    else this.#users.delete(user);
    // Who came and went in between, or went and came, was never told of and need not be.
    if (!this.#news.delete(user)) this.#news.set(user, here);
  }

  get hasNews(): boolean {
    return this.#news.size > 0;
  }

  /** What changed since the last time. */
  takeNews(): PresenceNews {
    const join: string[] = [];
    const leave: string[] = [];
    for (const [user, here] of this.#news) (here ? join : leave).push(user);
    this.#news.clear();
    return { join, leave };
  }
}

/**
 * Who is at which topic, over all gateways; who went is taken to be there until the linger is over.
 *
 *   away ─first gateway says so▶ here ─last gateway says no, or is gone▶ leaving ─linger over▶ away
 *                                 ▲──────────── a gateway says so ───────┘
 *
 * Decides only: the time is an argument, and what changed is the answer.
 */
import type { Topic } from '../protocol/events.ts';
import type { PresenceChange } from '../protocol/gateways.ts';

interface Member extends Topic {
  readonly user: string;
  /** Who says that they are here. */
  readonly sources: Set<object>;
  /** When they are away; looked at only while no source says that they are here. */
  dueMono: number;
}

export class PresenceBook {
  readonly #lingerMs: number;
  readonly #topics = new Map<string, Map<string, Member>>();
  readonly #bySource = new Map<object, Set<Member>>();
  /** All linger equally long, so they stand in the order in which they are due. */
  readonly #leaving = new Set<Member>();

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /** @returns what changed for everybody else; undefined: nothing */
  apply(source: object, change: PresenceChange, nowMono: number): PresenceChange | undefined {
    if (change.here) return this.#come(source, change);
    const member = this.#topics.get(keyOf(change))?.get(change.user);
    if (member !== undefined) {
      this.#bySource.get(source)?.delete(member);
      this.#leave(source, member, nowMono);
    }
    return undefined;
  }

  /** A source is gone: what it said of anybody holds until the linger is over. */
  drop(source: object, nowMono: number): void {
    const members = this.#bySource.get(source) ?? [];
    this.#bySource.delete(source);
    for (const member of members) this.#leave(source, member, nowMono);
  }

  /** @returns who is away now */
  expire(nowMono: number): readonly PresenceChange[] {
    const away: PresenceChange[] = [];
    for (const member of this.#leaving) {
      if (member.dueMono > nowMono) break;
      this.#leaving.delete(member);
      this.#forget(member);
      const { type, id, user } = member;
      away.push({ type, id, user, here: false });
    }
    return away;
  }

  /** When somebody will be away; undefined: nobody is leaving. */
  nextDueMono(): number | undefined {
    const [first] = this.#leaving;
    return first?.dueMono;
  }

  usersOf(topic: Topic): readonly string[] {
    return [...(this.#topics.get(keyOf(topic))?.keys() ?? [])];
  }

  #come(source: object, { type, id, user }: PresenceChange): PresenceChange | undefined {
    const users = this.#usersAt({ type, id });
    let member = users.get(user);
    const isNew = member === undefined;
    member ??= { type, id, user, sources: new Set(), dueMono: 0 };
    users.set(user, member);
    member.sources.add(source);
    this.#leaving.delete(member);
    let said = this.#bySource.get(source);
    if (said === undefined) {
      said = new Set();
      this.#bySource.set(source, said);
    }
    said.add(member);
    return isNew ? { type, id, user, here: true } : undefined;
  }

  #leave(source: object, member: Member, nowMono: number): void {
    if (!member.sources.delete(source) || member.sources.size > 0) return;
    member.dueMono = nowMono + this.#lingerMs;
    this.#leaving.add(member);
  }

  #usersAt(topic: Topic): Map<string, Member> {
    const key = keyOf(topic);
    let users = this.#topics.get(key);
    if (users === undefined) {
      users = new Map();
      this.#topics.set(key, users);
    }
    return users;
  }

  #forget(member: Member): void {
    const key = keyOf(member);
    const users = this.#topics.get(key);
    users?.delete(member.user);
    if (users?.size === 0) this.#topics.delete(key);
  }
}

// Types hold no line break, so two topics never share a key.
export function keyOf({ type, id }: Topic): string {
  return `${type}\n${id}`;
}

/**
 * All open connections of one gateway: who they belong to, what reaches them, what is due on them.
 *
 * One timer for all connections, running only while there are any. Knows nothing of tokens or of
 * requests; a subscriber is what takes a push, a tick and a close.
 */
import type { ValidToken } from '../auth/token-verifier.ts';
import type { PublishedEvent } from '../protocol/events.ts';
import type { ConnectionProtocol } from '../protocol/gateways.ts';
import type { Closing } from './close-codes.ts';
import type { Moment } from './connection-health.ts';
import { EventMessages } from './event-messages.ts';
import type { FanOut, Message } from './fan-out.ts';
import { GatewayMetrics } from './metrics.ts';
import { renderSync } from './protocols/events-v2-text.ts';
import { SubscriptionIndex } from './subscription-index.ts';

/** A connection as an operator sees it. */
export interface SubscriberFacts {
  /** What `join` gave it. */
  readonly number: number;
  readonly address: string | undefined;
  readonly protocol: ConnectionProtocol;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  readonly heardAt: number;
  readonly unreadBytes: number;
}

export interface Subscriber {
  /** What it is here by; undefined before the first valid one. */
  readonly token: ValidToken | undefined;
  /** @param messages the same object for all subscribers of one event */
  push(messages: EventMessages): void;
  describe(): SubscriberFacts;
  tick(moment: Moment): void;
  /** What its user may see may have changed: it looks again at what it is attached to. */
  recheckAccess(): void;
  close(closing: Closing): void;
  terminate(): void;
}

export interface Clock {
  now(): number;
  nowMono(): number;
}

export const SYSTEM_CLOCK: Clock = { now: () => Date.now(), nowMono: () => performance.now() };

const TICK_MS = 1_000;
const NOBODY: ReadonlySet<never> = new Set();

export class Hub {
  readonly subscriptions = new SubscriptionIndex<Subscriber>();
  readonly metrics = new GatewayMetrics();
  readonly #clock: Clock;
  readonly #fanOut: FanOut;
  readonly #members = new Set<Subscriber>();
  readonly #byUser = new Map<string, Set<Subscriber>>();
  readonly #whenEmpty = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #sync: { readonly seq: string; readonly message: Message } | undefined;

  constructor(clock: Clock, fanOut: FanOut) {
    this.#clock = clock;
    this.#fanOut = fanOut;
  }

  get size(): number {
    return this.#members.size;
  }

  /** @returns its number: later ones have larger numbers */
  join(member: Subscriber): number {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    return this.metrics.noteOpened();
  }

  /** @param user whom the member was counted for by `claimUser` */
  leave(member: Subscriber, user: string | undefined): void {
    if (!this.#members.delete(member)) return;
    this.subscriptions.drop(member);
    if (user !== undefined) this.#releaseUser(member, user);
    if (this.#members.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const resolve of this.#whenEmpty) resolve();
    this.#whenEmpty.clear();
  }

  /** Counts one more connection of a user; false, and nothing counted, when there are `limit` already. */
  claimUser(member: Subscriber, user: string, limit: number): boolean {
    const members = this.#byUser.get(user) ?? new Set();
    if (members.size >= limit) return false;
    this.#byUser.set(user, members.add(member));
    return true;
  }

  /** The connections of a user. */
  membersOf(user: string): ReadonlySet<Subscriber> {
    return this.#byUser.get(user) ?? NOBODY;
  }

  publish(event: PublishedEvent): void {
    const subscribers = this.subscriptions.subscribersOf(event);
    if (subscribers.size === 0) return;
    this.metrics.noteEvent(subscribers.size);
    const messages = new EventMessages(event, this.#fanOut);
    // A subscriber that is too slow may leave the set while it is walked, which a Set allows.
    for (const subscriber of subscribers) subscriber.push(messages);
  }

  /** The same message for all who are told this position. */
  syncMessage(seq: string): Message {
    if (this.#sync?.seq !== seq) {
      this.#sync = { seq, message: this.#fanOut.message(renderSync(seq)) };
    }
    return this.#sync.message;
  }

  /** In the order of their numbers. */
  everyone(): readonly Subscriber[] {
    return [...this.#members];
  }

  /** @param makeClosing called for each, so that the hints when to come back can differ */
  closeAll(makeClosing: () => Closing): void {
    for (const member of this.#members) member.close(makeClosing());
  }

  /** @returns how many were meant */
  closeWhere(isMeant: (member: Subscriber) => boolean, closing: Closing): number {
    let count = 0;
    for (const member of this.#members) {
      if (!isMeant(member)) continue;
      count += 1;
      member.close(closing);
    }
    return count;
  }

  terminateAll(): void {
    for (const member of this.#members) member.terminate();
  }

  /** True when the last connection has gone, false when `withinMs` passed first. */
  async emptied(withinMs: number): Promise<boolean> {
    if (this.#members.size === 0) return true;
    let finish = (): void => {};
    const gone = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const timer = setTimeout(finish, withinMs);
    this.#whenEmpty.add(finish);
    await gone;
    clearTimeout(timer);
    this.#whenEmpty.delete(finish);
    return this.#members.size === 0;
  }

  #releaseUser(member: Subscriber, user: string): void {
    const members = this.#byUser.get(user);
    members?.delete(member);
    if (members?.size === 0) this.#byUser.delete(user);
  }

  #tick(): void {
    const moment = { now: this.#clock.now(), nowMono: this.#clock.nowMono() };
    for (const member of this.#members) member.tick(moment);
  }
}

/**
 * Who subscribed to what: topic → subscribers, and back.
 *
 * Synchronous and without I/O, so that an attach takes effect at an exact moment. Does not know what
 * a subscriber is, nor whether it may see the topic.
 */
import type { Topic } from '../protocol/events.ts';

const NOBODY: ReadonlySet<never> = new Set();

export class SubscriptionIndex<S> {
  /** By type, then by id; a type without subscribers has no entry. */
  readonly #byType = new Map<string, Map<string, Set<S>>>();
  readonly #bySubscriber = new Map<S, Set<string>>();
  #topics = 0;
  #onTypeLeft = (): void => {};

  /** Calls back when the last subscriber of a type has left. One listener: a later one replaces it. */
  onTypeLeft(listener: () => void): void {
    this.#onTypeLeft = listener;
  }

  /** Attaching again changes nothing. */
  attach(subscriber: S, topic: Topic): void {
    this.#subscribersOf(topic).add(subscriber);
    let keys = this.#bySubscriber.get(subscriber);
    if (keys === undefined) {
      keys = new Set();
      this.#bySubscriber.set(subscriber, keys);
    }
    keys.add(keyOf(topic));
  }

  /** Detaching what is not attached changes nothing. */
  detach(subscriber: S, topic: Topic): void {
    const keys = this.#bySubscriber.get(subscriber);
    if (keys?.delete(keyOf(topic)) !== true) return;
    if (keys.size === 0) this.#bySubscriber.delete(subscriber);
    this.#remove(subscriber, topic);
  }

  /** Detaches from everything. */
  drop(subscriber: S): void {
    const keys = this.#bySubscriber.get(subscriber) ?? NOBODY;
    this.#bySubscriber.delete(subscriber);
    for (const key of keys) this.#remove(subscriber, topicOf(key));
  }

  has(subscriber: S, topic: Topic): boolean {
    return this.subscribersOf(topic).has(subscriber);
  }

  /** True when somebody is attached to an object of this type. */
  hasType(type: string): boolean {
    return this.#byType.has(type);
  }

  subscribersOf({ type, id }: Topic): ReadonlySet<S> {
    return this.#byType.get(type)?.get(id) ?? NOBODY;
  }

  /** Topics that a subscriber is attached to. */
  countOf(subscriber: S): number {
    return this.#bySubscriber.get(subscriber)?.size ?? 0;
  }

  /** Topics that have a subscriber. */
  get topics(): number {
    return this.#topics;
  }

  #subscribersOf({ type, id }: Topic): Set<S> {
    let byId = this.#byType.get(type);
    if (byId === undefined) {
      byId = new Map();
      this.#byType.set(type, byId);
    }
    let subscribers = byId.get(id);
    if (subscribers === undefined) {
      subscribers = new Set();
      byId.set(id, subscribers);
      this.#topics += 1;
    }
    return subscribers;
  }

  /** What is empty goes, so that the index never grows with what was. */
  #remove(subscriber: S, { type, id }: Topic): void {
    const byId = this.#byType.get(type);
    const subscribers = byId?.get(id);
    if (byId === undefined || subscribers === undefined) return;
    subscribers.delete(subscriber);
    if (subscribers.size > 0) return;
    byId.delete(id);
    this.#topics -= 1;
    if (byId.size > 0) return;
    this.#byType.delete(type);
    this.#onTypeLeft();
  }
}

// Types are names from configuration and hold no line break, so two topics never share a key.
function keyOf({ type, id }: Topic): string {
  return `${type}\n${id}`;
}

function topicOf(key: string): Topic {
  const end = key.indexOf('\n');
  return { type: key.slice(0, end), id: key.slice(end + 1) };
}

/**
 * Who subscribed to what: topic → subscribers, and back.
 *
 * Synchronous and without I/O, so that an attach takes effect at an exact moment. Does not know what
 * a subscriber is, nor whether it may see the topic.
 */
import type { Topic } from '../protocol/events.ts';

const NOBODY: ReadonlySet<never> = new Set();

export class SubscriptionIndex<S> {
  readonly #byTopic = new Map<string, Set<S>>();
  readonly #bySubscriber = new Map<S, Set<string>>();

  /** Attaching again changes nothing. */
  attach(subscriber: S, topic: Topic): void {
    const key = keyOf(topic);
    setOf(this.#byTopic, key).add(subscriber);
    setOf(this.#bySubscriber, subscriber).add(key);
  }

  /** Detaching what is not attached changes nothing. */
  detach(subscriber: S, topic: Topic): void {
    const key = keyOf(topic);
    removeFrom(this.#byTopic, key, subscriber);
    removeFrom(this.#bySubscriber, subscriber, key);
  }

  /** Detaches from everything. */
  drop(subscriber: S): void {
    for (const key of this.#bySubscriber.get(subscriber) ?? NOBODY) {
      removeFrom(this.#byTopic, key, subscriber);
    }
    this.#bySubscriber.delete(subscriber);
  }

  has(subscriber: S, topic: Topic): boolean {
    return this.#byTopic.get(keyOf(topic))?.has(subscriber) ?? false;
  }

  subscribersOf(topic: Topic): ReadonlySet<S> {
    return this.#byTopic.get(keyOf(topic)) ?? NOBODY;
  }

  /** Topics that a subscriber is attached to. */
  countOf(subscriber: S): number {
    return this.#bySubscriber.get(subscriber)?.size ?? 0;
  }

  /** Topics that have a subscriber. */
  get topics(): number {
    return this.#byTopic.size;
  }
}

// Types are names from configuration and hold no line break, so two topics never share a key.
function keyOf(topic: Topic): string {
  return `${topic.type}\n${topic.id}`;
}

function setOf<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  let set = map.get(key);
  if (set === undefined) {
    set = new Set();
    map.set(key, set);
  }
  return set;
}

/** An empty set goes, so that the index never grows with what was. */
function removeFrom<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set?.delete(value) && set.size === 0) map.delete(key);
}

/**
 * Who subscribed to what: topic or pattern → subscribers, and back.
 *
 * Synchronous and without I/O, so that an attach takes effect at an exact moment. Does not know what
 * a subscriber is, nor whether it may see the topic. A pattern is `*` or a beginning that ends in `.*`; an
 * event finds its patterns by the dots of its id, so that it costs nothing how many there are.
 */
import type { Topic } from '../protocol/events.ts';

const NOBODY: ReadonlySet<never> = new Set();

/** All that a type has, and the beginnings that patterns of it have; the empty one is `*`. */
interface OfType<S> {
  readonly byId: Map<string, Set<S>>;
  readonly byBeginning: Map<string, Set<S>>;
}

export class SubscriptionIndex<S> {
  /** A type without subscribers has no entry. */
  readonly #byType = new Map<string, OfType<S>>();
  readonly #bySubscriber = new Map<S, Set<string>>();
  #topics = 0;
  #onTypeLeft = (): void => {};
  #onMoved: (subscriber: S, topic: Topic, here: boolean) => void = () => {};

  /** Calls back when the last subscriber of a type has left. One listener: a later one replaces it. */
  onTypeLeft(listener: () => void): void {
    this.#onTypeLeft = listener;
  }

  /**
   * Calls back when a subscriber was attached to an object, or is no more; not of patterns. One listener: a later one
   * replaces it. It must not attach or detach anybody.
   */
  onMoved(listener: (subscriber: S, topic: Topic, here: boolean) => void): void {
    this.#onMoved = listener;
  }

  /** Attaching again changes nothing. The id is taken as it is, a star in it too. */
  attach(subscriber: S, topic: Topic): void {
    this.#add(subscriber, topic, EXACT);
  }

  /** Attaches to all topics of the type whose id the pattern covers. */
  attachPattern(subscriber: S, pattern: Topic): void {
    this.#add(subscriber, beginningOf(pattern), PATTERN);
  }

  /** Detaching what is not attached changes nothing. */
  detach(subscriber: S, topic: Topic): void {
    this.#take(subscriber, topic, EXACT);
  }

  detachPattern(subscriber: S, pattern: Topic): void {
    this.#take(subscriber, beginningOf(pattern), PATTERN);
  }

  /** Detaches from everything. */
  drop(subscriber: S): void {
    const keys = this.#bySubscriber.get(subscriber) ?? NOBODY;
    this.#bySubscriber.delete(subscriber);
    for (const key of keys) this.#remove(subscriber, key);
  }

  /** Attached to this very topic; patterns that cover it do not count. */
  has(subscriber: S, topic: Topic): boolean {
    return this.#bySubscriber.get(subscriber)?.has(keyOf(topic, EXACT)) === true;
  }

  hasPattern(subscriber: S, pattern: Topic): boolean {
    return this.#bySubscriber.get(subscriber)?.has(keyOf(beginningOf(pattern), PATTERN)) === true;
  }

  /** True when somebody is attached to an object of this type. */
  hasType(type: string): boolean {
    return this.#byType.has(type);
  }

  /** Each once, by whatever it is attached. */
  subscribersOf({ type, id }: Topic): ReadonlySet<S> {
    const ofType = this.#byType.get(type);
    if (ofType === undefined) return NOBODY;
    const exact = ofType.byId.get(id);
    if (ofType.byBeginning.size === 0) return exact ?? NOBODY;
    return union(exact, ofType.byBeginning, id);
  }

  /** Topics and patterns that a subscriber is attached to. */
  countOf(subscriber: S): number {
    return this.#bySubscriber.get(subscriber)?.size ?? 0;
  }

  /** What a subscriber is attached to, patterns as they were written. */
  topicsOf(subscriber: S): readonly Topic[] {
    return [...(this.#bySubscriber.get(subscriber) ?? [])].map((key) => {
      const { kind, type, id } = partsOf(key);
      return kind === EXACT ? { type, id } : { type, id: `${id}*` };
    });
  }

  /** Topics and patterns that have a subscriber. */
  get topics(): number {
    return this.#topics;
  }

  /** Of all subscribers together; adds them up. */
  get subscriptions(): number {
    let sum = 0;
    for (const keys of this.#bySubscriber.values()) sum += keys.size;
    return sum;
  }

  /** Every topic and pattern, as it was written, with its subscribers; of one type only where it is given. */
  *counts(type?: string): Generator<Topic & { readonly subscribers: number }, void> {
    for (const [name, { byId, byBeginning }] of this.#byType) {
      if (type !== undefined && type !== name) continue;
      for (const [id, { size }] of byId) yield { type: name, id, subscribers: size };
      for (const [id, { size }] of byBeginning) {
        yield { type: name, id: `${id}*`, subscribers: size };
      }
    }
  }

  #add(subscriber: S, topic: Topic, kind: Kind): void {
    const subscribers = this.#subscribersOf(topic, kind);
    if (subscribers.has(subscriber)) return;
    subscribers.add(subscriber);
    let keys = this.#bySubscriber.get(subscriber);
    if (keys === undefined) {
      keys = new Set();
      this.#bySubscriber.set(subscriber, keys);
    }
    keys.add(keyOf(topic, kind));
    if (kind === EXACT) this.#onMoved(subscriber, topic, true);
  }

  #take(subscriber: S, topic: Topic, kind: Kind): void {
    const keys = this.#bySubscriber.get(subscriber);
    const key = keyOf(topic, kind);
    if (keys?.delete(key) !== true) return;
    if (keys.size === 0) this.#bySubscriber.delete(subscriber);
    this.#remove(subscriber, key);
  }

  #subscribersOf({ type, id }: Topic, kind: Kind): Set<S> {
    let ofType = this.#byType.get(type);
    if (ofType === undefined) {
      ofType = { byId: new Map(), byBeginning: new Map() };
      this.#byType.set(type, ofType);
    }
    const byName = sideOf(ofType, kind);
    let subscribers = byName.get(id);
    if (subscribers === undefined) {
      subscribers = new Set();
      byName.set(id, subscribers);
      this.#topics += 1;
    }
    return subscribers;
  }

  /** What is empty goes, so that the index never grows with what was. */
  #remove(subscriber: S, key: string): void {
    const { kind, type, id } = partsOf(key);
    const ofType = this.#byType.get(type);
    const byName = ofType === undefined ? undefined : sideOf(ofType, kind);
    const subscribers = byName?.get(id);
    if (ofType === undefined || byName === undefined || subscribers === undefined) return;
    subscribers.delete(subscriber);
    if (kind === EXACT) this.#onMoved(subscriber, { type, id }, false);
    if (subscribers.size > 0) return;
    byName.delete(id);
    this.#topics -= 1;
    if (ofType.byId.size > 0 || ofType.byBeginning.size > 0) return;
    this.#byType.delete(type);
    this.#onTypeLeft();
  }
}

type Kind = '=' | '~';
const EXACT = '=';
const PATTERN = '~';

function sideOf<S>(ofType: OfType<S>, kind: Kind): Map<string, Set<S>> {
  return kind === EXACT ? ofType.byId : ofType.byBeginning;
}

/** The one set that there is, where there is only one; a new one otherwise. */
function union<S>(
  exact: ReadonlySet<S> | undefined,
  byBeginning: ReadonlyMap<string, ReadonlySet<S>>,
  id: string,
): ReadonlySet<S> {
  const sets = exact === undefined ? [] : [exact];
  const all = byBeginning.get('');
  if (all !== undefined) sets.push(all);
  for (let dot = id.indexOf('.'); dot !== -1; dot = id.indexOf('.', dot + 1)) {
    const some = byBeginning.get(id.slice(0, dot + 1));
    if (some !== undefined) sets.push(some);
  }
  const [first = NOBODY] = sets;
  if (sets.length < 2) return first;
  return new Set(sets.flatMap((set) => [...set]));
}

function beginningOf({ type, id }: Topic): Topic {
  return { type, id: id.slice(0, -1) };
}

// Types are names from configuration and hold no line break, so two topics never share a key.
function keyOf({ type, id }: Topic, kind: Kind): string {
  return `${kind}${type}\n${id}`;
}

function partsOf(key: string): Topic & { readonly kind: Kind } {
  const end = key.indexOf('\n');
  const kind = key.startsWith(EXACT) ? EXACT : PATTERN;
  return { kind, type: key.slice(1, end), id: key.slice(end + 1) };
}

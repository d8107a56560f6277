/**
 * Presence: tells the core who is attached here to topics of the types that have it, and clients who is there at all.
 *
 *   topic: unknown ─first request▶ watched at the core ─known▶ answered from here ─nobody asks any more▶ unknown
 *
 * Only attaching to the very object makes present, not a pattern. Watchers must be attached, and are told of changes
 * together, some times a second. The core's linger decides when somebody is away.
 */
import type { Topic } from '../protocol/events.ts';
import { MAX_PRESENCE_CHANGES, type PresenceChange, type ToGateway } from '../protocol/gateways.ts';
import type { ConnectionLink, PresencePart, PresenceRequest } from './connection-world.ts';
import type { FanOut } from './fan-out.ts';
import type { Subscriber } from './hub.ts';
import { PresenceMembers } from './presence-members.ts';
import { PresenceTopic } from './presence-topic.ts';
import { type PresentUsers, renderPresence, renderReplyV2 } from './protocols/events-v2-text.ts';
import type { SubscriptionIndex } from './subscription-index.ts';

export interface PresenceParts {
  /** Types with `presence = true`. */
  readonly types: ReadonlySet<string>;
  readonly subscriptions: SubscriptionIndex<Subscriber>;
  readonly fanOut: FanOut;
  /** To the core; false: it is away. */
  readonly tell: (message: object) => boolean;
  /** How long the core is waited for; 5 s when omitted. */
  readonly patienceMs?: number;
  /** Fewer only in tests. */
  readonly maxWatched?: number;
}

interface Watched {
  readonly topic: Topic;
  readonly state: PresenceTopic;
  readonly watchers: Map<Subscriber, ConnectionLink>;
  readonly waiting: Set<() => void>;
  /** Requests since somebody looked whether it is still needed. */
  isAsked: boolean;
}

/** Users of one topic in a reply, and in a message of changes. */
const MAX_TOLD_USERS = 1_000;
/** Users of all topics in one reply: a thousand topics would have a million of them. */
const MAX_REPLIED_USERS = 10_000;
/** Topics that are kept for those who ask: both this gateway and the core remember each for a while. */
const MAX_WATCHED = 100_000;
const PATIENCE_MS = 5_000;
const TELL_EVERY_MS = 100;
/** A topic that nobody watches is let go of after one to two times so long. */
const KEEP_MS = 10_000;

export class Presence implements PresencePart {
  readonly #parts: PresenceParts;
  readonly #members: PresenceMembers;
  readonly #watched = new Map<string, Watched>();
  #changes: PresenceChange[] = [];
  #telling: NodeJS.Timeout | undefined;
  #sweeping: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#members = new PresenceMembers((change) => this.#note(change));
    if (parts.types.size === 0) return;
    parts.subscriptions.onMoved((subscriber, topic, here) => this.#moved(subscriber, topic, here));
  }

  async answer({ topics, watch, rid }: PresenceRequest, link: ConnectionLink): Promise<string> {
    const refused = topics.find(({ type }) => !this.#parts.types.has(type));
    if (refused !== undefined) {
      return renderReplyV2(5, { rid, event: refused, detail: 'this type has no presence' });
    }
    if (!this.#hasRoomFor(topics)) {
      return renderReplyV2(5, { rid, detail: 'too many topics are asked about now; ask again' });
    }
    const watched = topics.map((topic) => this.#ask(topic));
    const isKnown = await this.#known(watched, link.signal);
    if (!isKnown) return renderReplyV2(5, { rid, detail: 'nobody can say it now; ask again' });
    // Looked at now: an access that was taken back meanwhile has detached it.
    const detached = watch === true ? this.#notAttached(topics, link) : undefined;
    if (detached !== undefined) {
      return renderReplyV2(5, { rid, event: detached, detail: 'watch: attach to it first' });
    }
    for (const one of watched) this.#setWatching(one, link, watch);
    return renderReplyV2(0, { rid, presence: presentAt(watched) });
  }

  /** The core is there, and knows nothing of this gateway yet. */
  connected(): void {
    this.#changes = [];
    this.#tellInParts([...this.#members.all()], (changes) => ({ action: 'present', changes }));
    const topics = [...this.#watched.values()].map(({ topic }) => topic);
    this.#tellInParts(topics, (some) => ({ action: 'watch', topics: some }));
  }

  hear(message: Extract<ToGateway, { action: 'presence' | 'moved' }>): void {
    if (message.action === 'presence') {
      for (const state of message.states) {
        const watched = this.#watched.get(keyOf(state));
        watched?.state.take(state);
        for (const resolve of watched?.waiting ?? []) resolve();
      }
    } else {
      for (const change of message.changes) {
        this.#watched.get(keyOf(change))?.state.move(change.user, change.here);
      }
    }
    this.#armTelling();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#telling);
    clearTimeout(this.#sweeping);
    for (const { waiting } of this.#watched.values()) for (const resolve of waiting) resolve();
  }

  #moved(subscriber: Subscriber, topic: Topic, here: boolean): void {
    if (!this.#parts.types.has(topic.type)) return;
    if (!here) this.#watched.get(keyOf(topic))?.watchers.delete(subscriber);
    const user = subscriber.token?.user;
    if (user !== undefined) this.#members.move(topic, user, here);
  }

  /** A user came to a topic here, or left it here. */
  #note(change: PresenceChange): void {
    if (change.here) {
      this.#watched.get(keyOf(change))?.state.move(change.user, true);
      this.#armTelling();
    }
    this.#changes.push(change);
    if (this.#changes.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const changes = this.#changes;
    this.#changes = [];
    this.#tellInParts(changes, (some) => ({ action: 'present', changes: some }));
  }

  /** While the core is away nothing is said: it gets the whole when it is back. */
  #tellInParts<T>(all: readonly T[], toMessage: (some: readonly T[]) => object): void {
    for (let at = 0; at < all.length; at += MAX_PRESENCE_CHANGES) {
      if (!this.#parts.tell(toMessage(all.slice(at, at + MAX_PRESENCE_CHANGES)))) return;
    }
  }

  #hasRoomFor(topics: readonly Topic[]): boolean {
    const most = this.#parts.maxWatched ?? MAX_WATCHED;
    if (this.#watched.size + topics.length <= most) return true;
    const added = topics.filter((topic) => !this.#watched.has(keyOf(topic))).length;
    return added === 0 || this.#watched.size + added <= most;
  }

  #ask(topic: Topic): Watched {
    const key = keyOf(topic);
    let watched = this.#watched.get(key);
    if (watched === undefined) {
      const state = new PresenceTopic((user) => this.#members.has(topic, user));
      watched = { topic, state, watchers: new Map(), waiting: new Set(), isAsked: true };
      this.#watched.set(key, watched);
      this.#flush();
      this.#parts.tell({ action: 'watch', topics: [topic] });
      this.#armSweeping();
    }
    watched.isAsked = true;
    return watched;
  }

  /** False when the core says nothing in time, or nobody waits any more. */
  async #known(watched: readonly Watched[], signal: AbortSignal): Promise<boolean> {
    const isReady = (): boolean => watched.every(({ state }) => state.isKnown);
    if (isReady()) return true;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        for (const { waiting } of watched) waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isReady() || this.#isStopped) finish();
      };
      const timer = setTimeout(finish, this.#parts.patienceMs ?? PATIENCE_MS).unref();
      signal.addEventListener('abort', finish);
      for (const { waiting } of watched) waiting.add(look);
    });
    return isReady();
  }

  #notAttached(topics: readonly Topic[], { subscriber }: ConnectionLink): Topic | undefined {
    return topics.find((topic) => !this.#parts.subscriptions.has(subscriber, topic));
  }

  #setWatching(watched: Watched, link: ConnectionLink, watch: boolean | undefined): void {
    if (watch === false) watched.watchers.delete(link.subscriber);
    if (watch !== true || watched.watchers.has(link.subscriber)) return;
    // What is in the reply is not told again.
    this.#tellWatchers(watched);
    watched.watchers.set(link.subscriber, link);
  }

  #armTelling(): void {
    if (this.#isStopped) return;
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      for (const watched of this.#watched.values()) this.#tellWatchers(watched);
    }, TELL_EVERY_MS).unref();
  }

  #tellWatchers({ topic, state, watchers }: Watched): void {
    if (!state.hasNews) return;
    const { join, leave } = state.takeNews();
    if (watchers.size === 0) return;
    const longest = Math.max(join.length, leave.length);
    for (let at = 0; at < longest; at += MAX_TOLD_USERS) {
      const end = at + MAX_TOLD_USERS;
      const text = renderPresence(topic, join.slice(at, end), leave.slice(at, end));
      const message = this.#parts.fanOut.message(text);
      for (const link of watchers.values()) link.send(message);
    }
  }

  #armSweeping(): void {
    if (this.#isStopped) return;
    this.#sweeping ??= setTimeout(() => {
      this.#sweeping = undefined;
      this.#letGo();
      if (this.#watched.size > 0) this.#armSweeping();
    }, KEEP_MS).unref();
  }

  #letGo(): void {
    const unneeded: Topic[] = [];
    for (const [key, watched] of this.#watched) {
      const { topic, watchers, waiting, isAsked } = watched;
      watched.isAsked = false;
      if (isAsked || watchers.size > 0 || waiting.size > 0) continue;
      this.#watched.delete(key);
      unneeded.push(topic);
    }
    this.#tellInParts(unneeded, (topics) => ({ action: 'unwatch', topics }));
  }
}

function presentAt(watched: readonly Watched[]): readonly PresentUsers[] {
  let room = MAX_REPLIED_USERS;
  return watched.map(({ topic, state }) => {
    const users = state.users(Math.min(MAX_TOLD_USERS, room));
    room -= users.length;
    return { ...topic, users, count: state.count };
  });
}

// Types hold no line break, so two topics never share a key.
function keyOf({ type, id }: Topic): string {
  return `${type}\n${id}`;
}

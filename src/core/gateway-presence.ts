/**
 * Merges what the gateways say of who is where, and tells those that watch a topic.
 *
 * One timer, running only while somebody is leaving or watchers wait for the whole. Remembers nothing over a restart:
 * until the linger has passed once, gateways may still have to come back, and the state is told as not whole.
 */
import type { Topic } from '../protocol/events.ts';
import {
  type FromGateway,
  MAX_PRESENCE_CHANGES,
  type PresenceChange,
  type PresenceState,
} from '../protocol/gateways.ts';
import type { GatewayLink } from './gateway-link.ts';
import type { PresenceListener } from './gateway-links.ts';
import { keyOf, PresenceBook } from './gateway-presence-book.ts';

export interface GatewayPresenceParts {
  readonly lingerMs: number;
  readonly nowMono: () => number;
}

/** What a link is needed for here. */
export type Watcher = Pick<GatewayLink, 'tell'>;

interface Watched {
  readonly topic: Topic;
  readonly watchers: Set<Watcher>;
}

export class GatewayPresence implements PresenceListener {
  readonly #parts: GatewayPresenceParts;
  readonly #book: PresenceBook;
  readonly #watched = new Map<string, Watched>();
  /** From when on all gateways have had the time to say who is there. */
  #wholeFromMono: number | undefined;
  #isWholeTold = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: GatewayPresenceParts) {
    this.#parts = parts;
    this.#book = new PresenceBook(parts.lingerMs);
  }

  hear(link: Watcher, message: Exclude<FromGateway, { action: 'answer' }>): void {
    this.#wholeFromMono ??= this.#parts.nowMono() + this.#parts.lingerMs;
    if (message.action === 'present') this.#note(link, message.changes);
    else if (message.action === 'watch') this.#watch(link, message.topics);
    else for (const topic of message.topics) this.#unwatch(link, keyOf(topic));
    this.#arm();
  }

  gone(link: Watcher): void {
    for (const key of this.#watched.keys()) this.#unwatch(link, key);
    this.#book.drop(link, this.#parts.nowMono());
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #note(link: Watcher, changes: readonly PresenceChange[]): void {
    const nowMono = this.#parts.nowMono();
    const news = changes.map((change) => this.#book.apply(link, change, nowMono));
    this.#spread(news.filter((one) => one !== undefined));
  }

  #watch(link: Watcher, topics: readonly Topic[]): void {
    for (const topic of topics) {
      const key = keyOf(topic);
      const watched = this.#watched.get(key) ?? { topic, watchers: new Set() };
      watched.watchers.add(link);
      this.#watched.set(key, watched);
    }
    link.tell({ action: 'presence', states: topics.map((topic) => this.#stateOf(topic)) });
  }

  #unwatch(link: Watcher, key: string): void {
    const watched = this.#watched.get(key);
    watched?.watchers.delete(link);
    if (watched?.watchers.size === 0) this.#watched.delete(key);
  }

  #stateOf({ type, id }: Topic): PresenceState {
    return { type, id, users: this.#book.usersOf({ type, id }), isWhole: this.#isWhole() };
  }

  #isWhole(): boolean {
    return this.#wholeFromMono !== undefined && this.#parts.nowMono() >= this.#wholeFromMono;
  }

  #spread(news: readonly PresenceChange[]): void {
    const byWatcher = new Map<Watcher, PresenceChange[]>();
    for (const change of news) {
      for (const watcher of this.#watched.get(keyOf(change))?.watchers ?? []) {
        const changes = byWatcher.get(watcher) ?? [];
        changes.push(change);
        byWatcher.set(watcher, changes);
      }
    }
    for (const [watcher, changes] of byWatcher) {
      for (let at = 0; at < changes.length; at += MAX_PRESENCE_CHANGES) {
        const some = changes.slice(at, at + MAX_PRESENCE_CHANGES);
        watcher.tell({ action: 'moved', changes: some });
      }
    }
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const dueMono = this.#nextDueMono();
    if (dueMono === undefined) return;
    const delayMs = Math.max(0, Math.ceil(dueMono - this.#parts.nowMono()));
    this.#timer = setTimeout(() => this.#onDue(), delayMs).unref();
  }

  #nextDueMono(): number | undefined {
    const dues = [this.#book.nextDueMono(), this.#isWholeTold ? undefined : this.#wholeFromMono];
    const known = dues.filter((due) => due !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  #onDue(): void {
    this.#spread(this.#book.expire(this.#parts.nowMono()));
    if (!this.#isWholeTold && this.#isWhole()) this.#tellWhole();
    this.#arm();
  }

  /** Who was told before that nothing is certain learns who is missing. */
  #tellWhole(): void {
    this.#isWholeTold = true;
    for (const { topic, watchers } of this.#watched.values()) {
      for (const watcher of watchers) {
        watcher.tell({ action: 'presence', states: [this.#stateOf(topic)] });
      }
    }
  }
}

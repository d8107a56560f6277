/**
 * What is said on one connection: one request at a time, replies, and what is pushed between them.
 *
 *   showing the token ─▶ ready: attaching what waits, a batch at a time        any ─▶ forgotten with its connection
 *
 * A gateway serves requests one after the other, history included. So a ping behind an attach is answered when its
 * history was sent, and from then on everything comes in the log's order again.
 */
import type { PublishedEvent } from '../protocol/events.ts';
import { type AttachBatch, nextBatch } from './attach-batch.ts';
import { EventsError } from './events-error.ts';
import type { AttachReply, TopicSubscription } from './subscription.ts';
import { type AskedTopic, keyOf } from './topic.ts';
import type { PresenceNews } from './who-is-present.ts';

type Batch = AttachBatch<TopicSubscription>;

interface Asked {
  /** The reply to a `mark` ends a history. */
  readonly kind: 'auth' | 'attach' | 'detach' | 'presence' | 'ack' | 'mark' | 'ping';
  readonly message: object;
  /** Of an attach. */
  readonly batch?: Batch;
  /** Whose presence is asked for. */
  readonly member?: TopicSubscription;
}

interface Reply extends AttachReply {
  readonly code: number;
  readonly message?: string;
  readonly rid?: number;
  readonly event?: AskedTopic;
  readonly detail?: string;
  readonly presence?: readonly (AskedTopic & PresenceNews)[];
}

/** Anything that comes: replies have `code`, events `data`, the rest `action`. */
export type Incoming = Partial<Reply> &
  Partial<PublishedEvent> &
  PresenceNews & { readonly action?: string; readonly retry?: number };

export interface SessionOptions {
  readonly subscriptions: ReadonlySet<TopicSubscription>;
  send(message: object): void;
  /** The token was accepted. */
  onReady(): void;
  /** The token, or the way in which it was shown, was refused. */
  onRefused(code: number): void;
  /** The gateway is about to close. */
  onDrain(retryMs: number): void;
}

const MAX_TOPICS = 100;
/** Below the gateway's 20 messages a second with bursts of 100 (`messagesPerSecond`, `messageBurst`). */
const PACE_MS = 60;
const BURST_MS = 80 * PACE_MS;
const PING = { action: 'ping' };

export class Session {
  readonly #options: SessionOptions;
  readonly #toDetach = new Map<string, AskedTopic>();
  /** To be shown. */
  #token: string | undefined;
  #isReady = false;
  #asked: Asked | undefined;
  #rid = 0;
  /** The subscriptions whose history is being sent. */
  #inHistory: ReadonlySet<TopicSubscription> | undefined;
  #mustPing = false;
  /** A cursor was begun on this connection. */
  #hasCursor = false;
  #toAcknowledge: string | undefined;
  /** Asked for again with the next heartbeat: the core may have been away. */
  readonly #refusedPresence = new Set<TopicSubscription>();
  /** One after a refusal that names no topic, to find the one that is meant. */
  #maxTopics = MAX_TOPICS;
  #epoch: string | undefined;
  /** Each request takes its part of a second: by then, all that were sent have had theirs. */
  #pacedUntilMono = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SessionOptions, token: string) {
    this.#options = options;
    this.#token = token;
  }

  /** Sends what is due, unless a reply is awaited. */
  wake(): void {
    if (this.#asked !== undefined || this.#pause !== undefined) return;
    const aheadMs = this.#pacedUntilMono - performance.now();
    if (aheadMs > BURST_MS) {
      this.#pause = setTimeout(() => {
        this.#pause = undefined;
        this.wake();
      }, aheadMs - BURST_MS);
      return;
    }
    this.#asked = this.#next();
    if (this.#asked === undefined) return;
    this.#pacedUntilMono += PACE_MS - Math.min(aheadMs, 0);
    this.#rid += 1;
    this.#options.send({ ...this.#asked.message, rid: this.#rid });
  }

  /** Says nothing any more. */
  end(): void {
    clearTimeout(this.#pause);
  }

  /** Shows a newer token. */
  renew(token: string): void {
    this.#token = token;
    this.wake();
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#mustPing = true;
    this.wake();
  }

  /** All up to here was taken. */
  acknowledge(seq: string): void {
    this.#toAcknowledge = seq;
    this.wake();
  }

  detach(topic: AskedTopic): void {
    this.#toDetach.set(keyOf(topic), topic);
    this.wake();
  }

  hear(message: Incoming): void {
    const { code, rid, event, action, seq, retry } = message;
    if (code !== undefined) {
      const reply = { ...message, code } as Reply;
      if (rid === undefined && event !== undefined) this.#refuse(event, reply);
      else this.#onReply(reply);
    } else if (Array.isArray(message.data)) this.#onEvent(message as PublishedEvent);
    else if (action === 'drain') this.#options.onDrain(retry ?? 0);
    else if (action === 'sync' && seq !== undefined) this.#onSync(seq);
    else if (action === 'presence' && event !== undefined) this.#tellPresence(event, message);
  }

  #next(): Asked | undefined {
    const token = this.#token;
    if (token !== undefined) {
      this.#token = undefined;
      return { kind: 'auth', message: { action: 'auth', auth: token } };
    }
    if (!this.#isReady) return undefined;
    if (this.#inHistory !== undefined) return { kind: 'mark', message: PING };
    return (
      this.#nextDetach() ??
      this.#nextAttach() ??
      this.#nextAcknowledgement() ??
      this.#nextPresence() ??
      this.#nextPing()
    );
  }

  #nextDetach(): Asked | undefined {
    // Somebody else may have attached to it meanwhile.
    for (const { topic } of this.#options.subscriptions) this.#toDetach.delete(keyOf(topic));
    const entries = [...this.#toDetach].slice(0, MAX_TOPICS);
    for (const [key] of entries) this.#toDetach.delete(key);
    if (entries.length === 0) return undefined;
    const events = entries.map(([, topic]) => topic);
    return { kind: 'detach', message: { action: 'detach', events } };
  }

  #nextAttach(): Asked | undefined {
    const waiting = [...this.#options.subscriptions].filter((one) => one.isWaiting);
    const batch = nextBatch(waiting, this.#maxTopics);
    if (batch === undefined) return undefined;
    for (const one of batch.members) one.ask();
    const events = batch.members.map(({ topic }) => topic);
    return { kind: 'attach', batch, message: { action: 'attach', events, ...batch.start } };
  }

  /** Not before history was sent: a position that was not said yet would be refused. */
  #nextAcknowledgement(): Asked | undefined {
    const seq = this.#toAcknowledge;
    if (seq === undefined || !this.#hasCursor) return undefined;
    this.#toAcknowledge = undefined;
    return { kind: 'ack', message: { action: 'ack', seq } };
  }

  #nextPresence(): Asked | undefined {
    const member = [...this.#options.subscriptions].find((one) => one.wantsPresence);
    if (member === undefined) return undefined;
    member.askPresence(true);
    const message = { action: 'presence', event: member.topic, watch: true };
    return { kind: 'presence', member, message };
  }

  #nextPing(): Asked | undefined {
    if (!this.#mustPing) return undefined;
    this.#mustPing = false;
    return { kind: 'ping', message: PING };
  }

  #onSync(seq: string): void {
    for (const one of this.#options.subscriptions) {
      if (this.#inHistory === undefined) one.reach(seq, this.#epoch);
    }
    for (const one of this.#refusedPresence) one.askPresence(false);
    this.#refusedPresence.clear();
    this.wake();
  }

  #tellPresence(topic: AskedTopic, news: PresenceNews): void {
    for (const one of this.#options.subscriptions) one.notePresence(topic, news);
  }

  #onEvent(event: PublishedEvent): void {
    let isMissing = false;
    for (const one of this.#options.subscriptions) {
      const isInOrder = this.#inHistory === undefined || this.#inHistory.has(one);
      if (!one.take(event, isInOrder, this.#epoch)) isMissing = true;
    }
    if (isMissing) this.wake();
  }

  #onReply(reply: Reply): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    this.#asked = undefined;
    const isTokenRefused = reply.code === 1 || reply.code === 2;
    if (isTokenRefused || (asked.kind === 'auth' && reply.code !== 0)) {
      this.#options.onRefused(reply.code);
      return;
    }
    if (asked.batch !== undefined) this.#onAttachReply(asked.batch, reply);
    else if (asked.member !== undefined) {
      if (reply.code !== 0) this.#refusedPresence.add(asked.member);
      for (const state of reply.presence ?? []) asked.member.notePresence(state, state);
    } else if (asked.kind === 'mark') this.#onHistoryEnd();
    else if (asked.kind === 'auth' && !this.#isReady) {
      this.#isReady = true;
      this.#options.onReady();
    }
    this.wake();
  }

  #onAttachReply({ members, start }: Batch, reply: Reply): void {
    if (reply.code !== 0) {
      this.#onObjection(members, reply);
      return;
    }
    this.#maxTopics = Math.min(MAX_TOPICS, this.#maxTopics * 2);
    this.#epoch = reply.epoch ?? this.#epoch;
    this.#hasCursor ||= start.cursor !== undefined;
    if (start.since !== undefined || start.last !== undefined || start.cursor !== undefined) {
      this.#inHistory = new Set(members);
    }
    for (const one of members) {
      // That the furthest one behind lost events says nothing of the others: each is asked for by itself.
      if (reply.recovered === false && one.start.since !== start.since) one.wait();
      else one.begin(reply, start);
    }
  }

  #onObjection(members: readonly TopicSubscription[], reply: Reply): void {
    for (const one of members) one.wait();
    if (reply.event !== undefined && this.#refuse(reply.event, reply)) return;
    const [only, ...others] = members;
    if (others.length > 0) this.#maxTopics = 1;
    else only?.end(refusal(only.topic, reply));
  }

  /** @returns false when nothing is attached to it */
  #refuse(topic: AskedTopic, reply: Reply): boolean {
    const { subscriptions } = this.#options;
    const meant = [...subscriptions].filter(
      (one) => keyOf(one.topic) === keyOf(topic) || isOwn(one.topic, topic),
    );
    for (const one of meant) one.end(refusal(topic, reply));
    return meant.length > 0;
  }

  #onHistoryEnd(): void {
    this.#inHistory = undefined;
    for (const one of this.#options.subscriptions) one.settle();
  }
}

/** Whose own notifications they are is known to the gateway only. */
function isOwn(one: AskedTopic, meant: AskedTopic): boolean {
  return one.id === undefined && one.type === meant.type;
}

function refusal({ type, id }: AskedTopic, { code, message, detail }: Reply): EventsError {
  const what = id === undefined ? type : `${type}/${id}`;
  const text = `${what}: ${message} (code ${code}) ${detail ?? ''}`;
  return new EventsError(code === 5 ? 'E_INVALID_REQUEST' : 'E_UNAUTHORIZED', text);
}

/**
 * One subscription: where it stands in the log, and who hears its events.
 *
 *   waiting ─request▶ asked ─reply▶ attached ─connection lost, or an event missing▶ waiting        any ─▶ ended
 *
 * Delivers each event once and in order. Refuses to guess: what is lost is told as a gap, never skipped in silence.
 */
import type { PublishedEvent } from '../protocol/events.ts';
import type { Start } from './attach-batch.ts';
import { EventQueue } from './event-queue.ts';
import { EventsError } from './events-error.ts';
import { Position, type Stand } from './position.ts';
import { type AskedTopic, covers, keyOf } from './topic.ts';
import { nextPresence, type Presence, type PresenceNews } from './who-is-present.ts';

/** Events between `since` and `seq` can no longer be had: read the present state of what you follow. */
export interface Gap {
  readonly since: string | undefined;
  readonly seq: string;
  readonly epoch: string | undefined;
}

export interface AttachOptions extends AskedTopic {
  /** The last `seq` that was seen; left out: what comes from now on. */
  readonly since?: string;
  /** Of the log that `since` belongs to. */
  readonly epoch?: string;
  /** The newest event first, if there is one. Not with `since`, nor for a pattern. */
  readonly last?: 1;
  /** Left out: a gap ends `for await` loops with an error; a callback goes on. */
  readonly onGap?: (gap: Gap) => void;
  /** Who is attached to this very object, whenever that changes; where its type has presence. Not for a pattern. */
  readonly onPresence?: (presence: Presence) => void;
  /** Called once; with the reason where nobody asked for the end. */
  readonly onEnd?: (error: Error | undefined) => void;
}

export type EventCallback = (event: PublishedEvent) => void;

/**
 * What an attach gives. An async iterable of its events: without a callback they wait for the first loop, and
 * the end of the last loop detaches.
 */
export interface Subscription extends AsyncIterable<PublishedEvent, undefined> {
  readonly topic: AskedTopic;
  /** Resolves when the gateway has confirmed it for the first time, rejects when it ends before. */
  readonly attached: Promise<void>;
  /** Pass both to a later attach to go on from here. Undefined before it is known. */
  readonly position: Stand | undefined;
  detach(): void;
}

export interface AttachReply {
  readonly seq?: string;
  readonly epoch?: string;
  readonly recovered?: boolean;
}

export class TopicSubscription implements Subscription {
  readonly topic: AskedTopic;
  readonly attached: Promise<void>;
  readonly #options: AttachOptions;
  readonly #callback: EventCallback | undefined;
  readonly #onEnd: (subscription: TopicSubscription) => void;
  readonly #position: Position;
  readonly #queues = new Set<EventQueue<PublishedEvent>>();
  readonly #cursor: string | undefined;
  #presence: Presence | undefined;
  /** On this connection, and not refused since the last heartbeat. */
  #hasAskedPresence = false;
  /** Made at once where there is no callback, so that nothing is lost before the loop begins. */
  #firstQueue: EventQueue<PublishedEvent> | undefined;
  #phase: 'waiting' | 'asked' | 'attached' | 'ended' = 'waiting';
  /** An event was missing, and is being asked for again. */
  #isMending = false;
  #settle: { resolve(): void; reject(error: Error): void } = { resolve() {}, reject() {} };

  /** @param onEnd called once, for whatever reason */
  constructor(
    options: AttachOptions,
    onEnd: (subscription: TopicSubscription) => void,
    callback?: EventCallback,
    cursor?: string,
  ) {
    const { type, id, since, epoch, last } = options;
    this.topic = id === undefined ? { type } : { type, id };
    this.#options = options;
    this.#onEnd = onEnd;
    this.#callback = callback;
    if (since === undefined && last === undefined) this.#cursor = cursor;
    this.#position = new Position(since === undefined ? undefined : { seq: since, epoch });
    this.attached = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // `onEnd` and the loops hear of it too, so it need not be awaited.
    this.attached.catch(() => undefined);
    if (callback === undefined) this.#firstQueue = this.#addQueue();
  }

  get position(): Stand | undefined {
    return this.#position.stand;
  }

  get isWaiting(): boolean {
    return this.#phase === 'waiting';
  }

  get isAttached(): boolean {
    return this.#phase === 'attached';
  }

  get start(): Start {
    // What is missing within a connection is asked for from where it is missing.
    if (this.#cursor !== undefined && !this.#isMending) return { cursor: this.#cursor };
    const stand = this.position;
    return stand === undefined
      ? { last: this.#options.last }
      : { since: stand.seq, epoch: stand.epoch };
  }

  detach(): void {
    this.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<PublishedEvent, undefined> {
    const queue = this.#firstQueue ?? this.#addQueue();
    this.#firstQueue = undefined;
    return queue;
  }

  /** It is in a request that was sent. */
  ask(): void {
    this.#phase = 'asked';
  }

  /** It has to be asked for again, from where it stands. */
  wait(): void {
    if (this.#phase !== 'ended') this.#phase = 'waiting';
    this.#isMending = this.#hasAskedPresence = false;
  }

  /** True once a connection: who watches and when it is asked for again is the gateway's to say. */
  get wantsPresence(): boolean {
    return this.isAttached && this.#options.onPresence !== undefined && !this.#hasAskedPresence;
  }

  /** @param isAsked false: it was refused, and is asked for again some time */
  askPresence(isAsked: boolean): void {
    this.#hasAskedPresence = isAsked;
  }

  /** @param meant the object that it is about */
  notePresence(meant: AskedTopic, news: PresenceNews): void {
    const { onPresence } = this.#options;
    if (onPresence === undefined || keyOf(meant) !== keyOf(this.topic)) return;
    const presence = nextPresence(this.#presence, news);
    this.#presence = presence;
    if (presence !== undefined) callSafely(() => onPresence(presence));
  }

  /** The gateway has confirmed it. */
  begin({ seq, epoch, recovered }: AttachReply, start: Start): void {
    if (this.#phase !== 'asked') return;
    this.#phase = 'attached';
    if (start.last !== undefined) this.#position.leap();
    else if (recovered === false) this.#leap({ since: this.position?.seq, seq: seq ?? '0', epoch });
    else if (seq !== undefined) this.#position.reach(seq, epoch);
    this.#settle.resolve();
  }

  /** @returns false when one before it is missing: it was not delivered, and waits to be asked for again */
  take(event: PublishedEvent, isInOrder: boolean, epoch: string | undefined): boolean {
    if (this.#phase !== 'attached' || !covers(this.topic, event)) return true;
    const judgement = this.#position.judge(event);
    if (judgement === 'missing') {
      if (!this.#isMending) {
        this.wait();
        this.#isMending = true;
        return false;
      }
      this.#leap({ since: this.position?.seq, seq: event.seq ?? '0', epoch });
    }
    this.#position.pass(event, isInOrder, epoch);
    if (judgement !== 'repeat') this.#deliver(event);
    return true;
  }

  /** All up to here was sent. */
  reach(seq: string, epoch: string | undefined): void {
    if (this.isAttached) this.#position.reach(seq, epoch);
  }

  /** The histories that were under way have been sent. */
  settle(): void {
    // One that waits again is not mended by a history from before.
    if (this.isAttached) this.#isMending = false;
    this.#position.tidy();
  }

  /** @param error the reason, where nobody asked for it */
  end(error?: Error): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    for (const queue of this.#queues) queue.end(error);
    const reason = error ?? new EventsError('E_UNAVAILABLE', 'The subscription was ended.');
    this.#settle.reject(reason);
    this.#onEnd(this);
    callSafely(() => this.#options.onEnd?.(error));
  }

  #leap(gap: Gap): void {
    this.#position.leap();
    const { onGap } = this.#options;
    if (onGap !== undefined) callSafely(() => onGap(gap));
    // Of a cursor that is used for the first time nothing was seen, so nothing is missed.
    else if (gap.since !== undefined) {
      for (const queue of this.#queues) queue.end(gapError(gap));
    }
  }

  #deliver(event: PublishedEvent): void {
    for (const queue of this.#queues) queue.push(event);
    callSafely(() => this.#callback?.(event));
  }

  #addQueue(): EventQueue<PublishedEvent> {
    const queue = new EventQueue<PublishedEvent>((ended) => {
      this.#queues.delete(ended);
      if (this.#callback === undefined && this.#queues.size === 0) this.end();
    });
    if (this.#phase === 'ended') queue.end();
    else this.#queues.add(queue);
    return queue;
  }
}

/** What a listener throws is no reason to lose events: it is thrown again, outside. */
export function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function gapError({ since, seq }: Gap): EventsError {
  const message = `The log no longer has all events after ${since}; it can go on from ${seq}.`;
  return new EventsError(
    'E_NOT_FOUND',
    message,
    'Read the present state, then attach without `since`.',
  );
}

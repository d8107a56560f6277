/**
 * Events that arrive for topics whose history is being read: they wait, and leave after it.
 *
 *   holding ─too many▶ forgotten, and holding anew ─ the history has reached them ▶ released ─▶ past
 *
 * The core that history is read from may be ahead of the gateway: after the release, what the history had and
 * the gateway hears only now is dropped, until the gateway has come past it. What was forgotten is in the log, so
 * a read that begins later has it. Events that are only live are in no log: they leave in their place, or are lost
 * with what was forgotten.
 */
import { isAfter } from '../client/follow-position.ts';
import { covers, type Topic } from '../protocol/events.ts';
import type { EventMessages } from './event-messages.ts';
import { isPattern } from './protocols/events-v2.ts';

export interface HoldBounds {
  readonly maxEvents: number;
  /** Characters of the messages. */
  readonly maxLength: number;
}

export class HeldEvents {
  readonly #bounds: HoldBounds;
  readonly #exact: ReadonlySet<string>;
  readonly #patterns: readonly Topic[];
  #held: EventMessages[] = [];
  #length = 0;
  #forgotSinceRead = false;
  /** What the history had; undefined while it is being read. */
  #until: string | undefined;

  constructor(topics: readonly Topic[], bounds: HoldBounds) {
    this.#bounds = bounds;
    this.#patterns = topics.filter(({ id }) => isPattern(id));
    this.#exact = new Set(topics.map(keyOf));
  }

  get isReading(): boolean {
    return this.#until === undefined;
  }

  /** The gateway stands at this position: nothing that the history had can still come. */
  isPast(position: string): boolean {
    return this.#until !== undefined && isAfter(this.#until, position) === false;
  }

  /** True: it waits, or the history had it. */
  take(messages: EventMessages): boolean {
    const { event } = messages;
    if (!this.#covers(event)) return false;
    if (this.#until === undefined) this.#add(messages);
    else return event.seq !== undefined && isAfter(event.seq, this.#until) === false;
    return true;
  }

  #covers(topic: Topic): boolean {
    return this.#exact.has(keyOf(topic)) || this.#patterns.some((one) => covers(one, topic));
  }

  #add(messages: EventMessages): void {
    this.#held.push(messages);
    this.#length += messages.v2.text.length;
    const { maxEvents, maxLength } = this.#bounds;
    if (this.#held.length <= maxEvents && this.#length <= maxLength) return;
    this.#held = [];
    this.#length = 0;
    this.#forgotSinceRead = true;
  }

  /** The log is read from now on: it has what was forgotten so far. */
  beginRead(): void {
    this.#forgotSinceRead = false;
  }

  /**
   * True when nothing lies between what was read and what is held.
   * @param until the position up to which the log was read
   * @param isTop that was all that there was
   */
  joins(until: string, isTop: boolean): boolean {
    if (isTop && !this.#forgotSinceRead) return true;
    const first = this.#held.find(({ event }) => event.seq !== undefined);
    return first?.event.seq !== undefined && isAfter(first.event.seq, until) === false;
  }

  /** What was held and is not in the history, in order. */
  release(after: string): readonly EventMessages[] {
    this.#until = after;
    const held = this.#held;
    this.#held = [];
    this.#length = 0;
    return held.filter(
      ({ event }) => event.seq === undefined || isAfter(event.seq, after) !== false,
    );
  }
}

/** All of them on one connection: mostly none. */
export class Holds {
  #holds: readonly HeldEvents[] = [];

  add(held: HeldEvents): void {
    this.#holds = [...this.#holds, held];
  }

  get areReading(): boolean {
    return this.#holds.some(({ isReading }) => isReading);
  }

  /** True: it must not be pushed, or not yet. */
  take(messages: EventMessages): boolean {
    if (this.#holds.length === 0) return false;
    const isTaken = this.#holds.some((held) => held.take(messages));
    const { seq } = messages.event;
    // Where the event stands, the gateway stands.
    if (seq !== undefined) this.#forgetPast(seq);
    return isTaken;
  }

  /** True when none of them is needed any more by a gateway that stands here. */
  arePast(position: string): boolean {
    if (this.#holds.length > 0) this.#forgetPast(position);
    return this.#holds.length === 0;
  }

  #forgetPast(position: string): void {
    const isNeeded = (held: HeldEvents): boolean => !held.isPast(position);
    if (!this.#holds.every(isNeeded)) this.#holds = this.#holds.filter(isNeeded);
  }
}

function keyOf({ type, id }: Topic): string {
  return `${type}\n${id}`;
}

/**
 * Events that arrive for topics whose history is being read: they wait, and leave after it.
 *
 *   holding ─too many▶ forgotten, and holding anew ─ the history has reached them ▶ released
 *
 * What was forgotten is in the log, so a read that begins later has it. Events that are only live are in no
 * log: they leave in their place, or are lost with what was forgotten.
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

  constructor(topics: readonly Topic[], bounds: HoldBounds) {
    this.#bounds = bounds;
    this.#patterns = topics.filter(({ id }) => isPattern(id));
    this.#exact = new Set(topics.map(keyOf));
  }

  covers(topic: Topic): boolean {
    return this.#exact.has(keyOf(topic)) || this.#patterns.some((one) => covers(one, topic));
  }

  add(messages: EventMessages): void {
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
    const held = this.#held;
    this.#held = [];
    this.#length = 0;
    return held.filter(
      ({ event }) => event.seq === undefined || isAfter(event.seq, after) !== false,
    );
  }
}

function keyOf({ type, id }: Topic): string {
  return `${type}\n${id}`;
}

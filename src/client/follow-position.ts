/**
 * Where a follower stands: which event is its next one, a repeat, or proof that one is missing.
 *
 * Two positions. `seq` is where to go on after a loss: the last that was heard, by an event, a sync or a
 * reply. Whether one is missing is judged by what was delivered, which a sync that says too much cannot hide.
 * Pure but for its own fields. `seq` is opaque in general: where two cannot be ordered, only equality counts.
 */
import { covers, type Topic } from '../protocol/events.ts';
import type { RowHead } from './received-event.ts';

export type Judgement = 'deliver' | 'repeat' | 'missing';

/** A topic, and the position after which all of its events are expected. */
interface Followed {
  readonly topic: Topic;
  readonly from: string;
}

export class FollowPosition {
  #seq: string | undefined;
  #delivered: string | undefined;
  #followed: readonly Followed[] = [];
  /** Everything that is followed began before what was delivered: mostly so, and asked for each event. */
  #isPastStarts = true;

  /** @param since the last `seq` that was seen before; undefined: nothing yet */
  constructor(since?: string) {
    this.#seq = since;
    this.#delivered = since;
  }

  /** Undefined before the first attach of a follower without a position. */
  get seq(): string | undefined {
    return this.#seq;
  }

  /** An attach begins elsewhere than where this stood: at the end of the log, or after a gap. */
  startAt(seq: string): void {
    this.#seq = seq;
    this.#delivered = seq;
    this.#followed = [];
    this.#isPastStarts = true;
  }

  /** From here on these are followed; one that was followed before is expected to be complete since then. */
  follow(topics: readonly Topic[], from: string): void {
    const former = this.#followed;
    this.#followed = topics.map((topic) => {
      const known = former.find((one) => isSame(one.topic, topic));
      return known ?? { topic, from };
    });
    this.#isPastStarts = false;
    this.#seq = from;
  }

  /** Goes on from here: the core has sent everything up to it, or what follows is to be read again. */
  standAt(seq: string): void {
    this.#seq = seq;
  }

  judge(event: RowHead): Judgement {
    return judgeEvent(this.goodUntil(event), event);
  }

  deliver(event: RowHead): void {
    this.#seq = event.seq;
    this.#delivered = event.seq;
    if (this.#isPastStarts) return;
    this.#isPastStarts = this.#followed.every(({ from }) => isAfter(from, event.seq) === false);
  }

  /** Up to where nothing that is wanted of the event's topic can be missing: to be read from again. */
  goodUntil(event: RowHead): string {
    let good = this.#delivered ?? '0';
    if (this.#isPastStarts) return good;
    const from = this.#startOf(event);
    // A topic that joined later: what it had before was never wanted.
    if (from !== undefined && isAfter(from, good) === true) good = from;
    return good;
  }

  #startOf(event: RowHead): string | undefined {
    let start: string | undefined;
    for (const { topic, from } of this.#followed) {
      if (!covers(topic, event)) continue;
      if (start === undefined || isAfter(start, from) === true) start = from;
    }
    return start;
  }
}

/** @param last up to where everything of the event's topic was delivered, or was not wanted */
export function judgeEvent(last: string, event: RowHead): Judgement {
  if (event.seq === last || isAfter(event.seq, last) === false) return 'repeat';
  // A topic is followed as a whole: what came before on it lies at or before `last`, or was lost.
  if (event.prev !== null && isAfter(event.prev, last) === true) return 'missing';
  return 'deliver';
}

/** Undefined when the two cannot be ordered. */
export function isAfter(seq: string, other: string): boolean | undefined {
  if (!isDecimal(seq) || !isDecimal(other)) return undefined;
  if (seq.length !== other.length) return seq.length > other.length;
  return seq > other;
}

function isSame(one: Topic, other: Topic): boolean {
  return one.type === other.type && one.id === other.id;
}

/** Asked several times for each event, so without a regular expression. */
function isDecimal(seq: string): boolean {
  for (let at = 0; at < seq.length; at += 1) {
    const code = seq.charCodeAt(at);
    if (code < ZERO || code > ZERO + 9) return false;
  }
  return seq.length === 1 || (seq.length > 1 && seq.charCodeAt(0) !== ZERO);
}

const ZERO = 48;

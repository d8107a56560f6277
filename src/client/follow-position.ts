/**
 * Decides whether an event is the next one of a follower, a repeat, or proof that one is missing.
 *
 * Pure. `seq` is opaque in general: where two of them cannot be ordered, only equality counts.
 */
import type { LogEvent } from '../protocol/events.ts';

export type Judgement = 'deliver' | 'repeat' | 'missing';

/** @param last `seq` of the last event delivered, or where the subscription starts */
export function judgeEvent(last: string, event: LogEvent): Judgement {
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

function isDecimal(seq: string): boolean {
  return /^(0|[1-9]\d*)$/.test(seq);
}

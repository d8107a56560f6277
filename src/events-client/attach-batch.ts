/**
 * Which subscriptions one request asks for. Pure.
 *
 * Those that resume share a request from the position of the one that is furthest behind: what the others have
 * seen already they drop as repeats.
 */
import { isAfter } from './position.ts';
import type { AskedTopic } from './topic.ts';

/** Where the events of an attach begin, as the request says it: with `last`, after `since`, at `cursor`, or now. */
export interface Start {
  readonly since?: string | undefined;
  readonly epoch?: string | undefined;
  readonly last?: 1 | undefined;
  /** Its name; the gateway knows the position. */
  readonly cursor?: string | undefined;
}

export interface Attachable {
  readonly topic: AskedTopic;
  readonly start: Start;
}

export interface AttachBatch<T> {
  readonly members: readonly T[];
  readonly start: Start;
}

export function nextBatch<T extends Attachable>(
  waiting: readonly T[],
  maxTopics: number,
): AttachBatch<T> | undefined {
  const [first] = waiting;
  if (first === undefined) return undefined;
  const members = waiting
    .filter((one) => kindOf(one.start) === kindOf(first.start))
    .sort((one, other) => order(one.start.since ?? '', other.start.since ?? ''))
    .slice(0, maxTopics);
  return { members, start: (members[0] ?? first).start };
}

function kindOf({ since, epoch, last, cursor }: Start): string {
  return `${since === undefined ? (last ?? cursor) : 'since'} ${epoch}`;
}

function order(one: string, other: string): number {
  return Number(isAfter(one, other)) - Number(isAfter(other, one));
}

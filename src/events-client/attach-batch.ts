/**
 * Which subscriptions one request asks for. Pure.
 *
 * Those that resume share a request from the position of the one that is furthest behind: what the others have
 * seen already they drop as repeats.
 */
import { isAfter, type Stand } from './position.ts';
import type { Start } from './subscription.ts';
import type { AskedTopic } from './topic.ts';

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
  const first = waiting[0]?.start;
  if (first === undefined) return undefined;
  const alike = waiting.filter(({ start }) => isAlike(start, first));
  if (first.kind === 'position') alike.sort(byPosition);
  const members = alike.slice(0, maxTopics);
  return { members, start: members[0]?.start ?? first };
}

/** `since`, `epoch` and `last` of a request. */
export function attachMessage<T extends Attachable>({ members, start }: AttachBatch<T>): object {
  const events = members.map(({ topic }) => topic);
  if (start.kind === 'now') return { action: 'attach', events };
  if (start.kind === 'last') return { action: 'attach', events, last: 1 };
  const { seq, epoch } = start.stand;
  return { action: 'attach', events, since: seq, ...(epoch !== undefined && { epoch }) };
}

/** True when both stand at one position, so that an answer about the one is an answer about the other. */
export function startsWith(one: Start, other: Start): boolean {
  return standOf(one)?.seq === standOf(other)?.seq;
}

function isAlike(one: Start, other: Start): boolean {
  return one.kind === other.kind && standOf(one)?.epoch === standOf(other)?.epoch;
}

function byPosition(one: Attachable, other: Attachable): number {
  const [a, b] = [standOf(one.start)?.seq ?? '', standOf(other.start)?.seq ?? ''];
  if (a === b) return 0;
  return isAfter(a, b) ? 1 : -1;
}

function standOf(start: Start): Stand | undefined {
  return start.kind === 'position' ? start.stand : undefined;
}

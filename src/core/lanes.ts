/**
 * The lanes that may hold a queued job, and whose turn it is. A superset, so that a claim never misses
 * one and an idle executor never asks in vain for long. In memory; the store is asked once, at the start.
 *
 * Parties take turns: each group of a queue is one, everything without a group is one more. The party
 * that was served longest ago comes first; one that arrives comes behind those that wait already, but
 * before the one that was served last. So whoever has many jobs waits for whoever has one, nobody waits
 * for ever, and a claim looks at a few parties, however many there are.
 *
 * A lane that a limit holds back is left out until the limit has room again.
 */
import type { Durability } from '../protocol/jobs.ts';
import type { HeldLane } from '../queue/claim-order.ts';
import type { Lane } from '../queue/job.ts';
import { keysOf, queueKey, typeKey } from '../queue/limits.ts';
import { ClosedLimits } from './closed-limits.ts';
import { TurnHeap, type TurnNode } from './turn-heap.ts';

/** What an executor takes or not: a queue and a type. */
export type LineName = Pick<Lane, 'queue' | 'type'>;

/** `os`: no job in it asks that its claim waits for the disk. */
export interface MarkedLane extends Lane {
  readonly durability?: Durability;
}

interface Party {
  /** When it was served last, counted in jobs. */
  turn: number;
  readonly order: number;
  readonly members: Map<string, Member>;
}

/** Where a lane stands among those that wait. */
export interface Standing {
  /** The open lanes of each party whose turn comes first; some may hold nothing more. */
  readonly before: readonly (readonly Lane[])[];
  /** The open lanes of its own party, its own among them unless a limit or a pause holds it. */
  readonly beside: readonly Lane[];
}

/** A lane in its place. */
interface Member {
  /** Another object with each mark: what a claim saw, it saw of the mark before. */
  lane: MarkedLane;
  readonly party: Party;
  readonly line: Line;
  /** In its line's heap; undefined while it is offered or held. */
  node: TurnNode<Member> | undefined;
  heldBy: string | undefined;
}

/** All lanes of one queue and type. */
interface Line extends LineName {
  readonly keys: readonly [queue: string, type: string];
  plain: Member | undefined;
  readonly groups: Map<string, Member>;
  readonly heap: TurnHeap<Member>;
}

const PLAIN = '';

export class Lanes {
  readonly #lines = new Map<string, Line>();
  readonly #parties = new Map<string, Party>();
  readonly #paused = new Set<string>();
  /** Types of which one attempt at a time is tried: `takeOne`. */
  readonly #degraded = new Set<string>();
  readonly #closed = new ClosedLimits();
  /** By the limit of a group that holds them. */
  readonly #held = new Map<string, Set<Member>>();
  /** Lanes marked so far. */
  marks = 0;
  /** Jobs served so far. */
  #served = 0;
  #arrivals = 0;
  /** Handed to a claim of this round. */
  #offered: Member[] = [];
  #plainOffered = false;

  /** @param lanes what does not say its durability may hold anything */
  mark(lanes: readonly MarkedLane[]): void {
    for (const { queue, type, group, durability } of lanes) {
      this.marks += 1;
      const line = this.#lineOf({ queue, type, group });
      const member = memberOf(line, group);
      const os = durability === 'os' && (member === undefined || member.lane.durability === 'os');
      const lane = { queue, type, group, ...(os ? { durability } : {}) };
      if (member === undefined) this.#admit(lane, line);
      else member.lane = lane;
    }
  }

  /**
   * A claim saw them empty.
   * @param lanes as `take` gave them. One that was marked since then is another object and stays: what
   *   was added behind a claim that had to wait for the database was not seen by it.
   */
  clear(lanes: readonly Lane[]): void {
    for (const lane of lanes) {
      const member = this.#find(lane);
      if (member?.lane === lane) this.#remove(member);
    }
  }

  /** A claim saw that limits keep them back. */
  hold(held: readonly HeldLane[]): void {
    for (const { lane, key, until } of held) {
      this.#closed.close(key, until);
      const member = this.#find(lane);
      if (member === undefined || member.line.keys.includes(key)) continue;
      this.#letGo(member);
      member.heldBy = key;
      member.node = undefined;
      const others = this.#held.get(key);
      if (others === undefined) this.#held.set(key, new Set([member]));
      else others.add(member);
    }
  }

  /** An attempt of the lane has ended: its limits have room. */
  release(lane: Lane): void {
    if (this.#closed.size === 0) return;
    for (const key of keysOf(lane)) if (this.#closed.release(key)) this.#reopen(key);
  }

  /** Nothing is known of any limit any more: they were changed. */
  releaseAll(): void {
    for (const key of this.#closed.openAll()) this.#reopen(key);
  }

  /** Jobs were handed out, in this order. */
  noteServed(lanes: readonly Lane[]): void {
    for (const { queue, group } of lanes) {
      this.#served += 1;
      const party = this.#parties.get(partyKey(queue, group));
      if (party !== undefined) party.turn = this.#served;
    }
  }

  setPaused(queue: string, paused: boolean): void {
    if (paused) this.#paused.add(queue);
    else this.#paused.delete(queue);
  }

  isPaused(queue: string): boolean {
    return this.#paused.has(queue);
  }

  setDegraded(type: string, degraded: boolean): void {
    if (degraded) this.#degraded.add(type);
    else this.#degraded.delete(type);
  }

  /** The lanes of the party whose turn is next among those of a degraded type. */
  takeOne(type: string, serves: (queue: string) => boolean): readonly MarkedLane[] {
    const open = [...this.#lines.values()].filter(
      (line) => line.type === type && serves(line.queue) && this.#hasRoom(line),
    );
    const taken = this.#takeFrom(open, 1);
    // Nobody else takes of it, and whose turn it is among the others stays as it was.
    this.#takeBack();
    return taken;
  }

  /**
   * Begins a round of claims.
   * @returns epoch milliseconds at which a limit has its next token; null when none waits for one
   */
  beginRound(now: number): number | null {
    this.#takeBack();
    if (this.#closed.size === 0) return null;
    for (const key of this.#closed.openDue(now)) this.#reopen(key);
    return this.#closed.nextTime();
  }

  /**
   * The lanes of at most so many parties, party by party, whose turn is next first. Claims of one round
   * get different parties while there are any.
   */
  take(parties: number, accepts: (line: LineName) => boolean): readonly MarkedLane[] {
    const open = [...this.#lines.values()].filter((line) => this.#isOpen(line) && accepts(line));
    if (open.length === 0) return [];
    const taken = this.#takeFrom(open, parties);
    if (taken.length > 0) return taken;
    this.#takeBack();
    return this.#takeFrom(open, parties);
  }

  /**
   * @param limit parties that are looked for at most
   * @param accepts lines of those whose turns count
   */
  standingOf(lane: Lane, limit: number, accepts: (line: LineName) => boolean): Standing {
    const own = this.#find(lane)?.party;
    if (own === undefined) return { before: [], beside: [lane] };
    const openOf = ({ members }: Party): readonly Lane[] =>
      [...members.values()].flatMap((member) =>
        member.heldBy === undefined && this.#isOpen(member.line) && accepts(member.line)
          ? member.lane
          : [],
      );
    const before: (readonly Lane[])[] = [];
    for (const party of this.#parties.values()) {
      if (before.length === limit) break;
      if (party === own || firstOf([own, party]) === own) continue;
      const lanes = openOf(party);
      if (lanes.length > 0) before.push(lanes);
    }
    return { before, beside: openOf(own) };
  }

  #takeFrom(open: readonly Line[], parties: number): readonly MarkedLane[] {
    const taken: MarkedLane[] = [];
    for (let count = 0; count < parties; count += 1) {
      const plain = this.#plainOffered ? [] : open.flatMap((line) => line.plain ?? []);
      const next = firstOf([nextMember(open)?.party, plain[0]?.party]);
      if (next === undefined) break;
      taken.push(...(next === plain[0]?.party ? this.#offerPlain(plain) : this.#offer(next, open)));
    }
    return taken;
  }

  #offerPlain(plain: readonly Member[]): readonly MarkedLane[] {
    this.#plainOffered = true;
    return plain.map(({ lane }) => lane);
  }

  #offer({ members }: Party, open: readonly Line[]): readonly MarkedLane[] {
    const lanes: MarkedLane[] = [];
    for (const member of members.values()) {
      if (member.node === undefined || !open.includes(member.line)) continue;
      member.node = undefined;
      this.#offered.push(member);
      lanes.push(member.lane);
    }
    return lanes;
  }

  #takeBack(): void {
    const offered = this.#offered;
    this.#offered = [];
    this.#plainOffered = false;
    for (const member of offered) this.#enqueue(member);
  }

  #enqueue(member: Member): void {
    const { party, line } = member;
    const gone = party.members.get(lineKey(line)) !== member;
    if (gone || member.heldBy !== undefined || member.node !== undefined) return;
    member.node = { turn: party.turn, order: party.order, value: member };
    line.heap.push(member.node);
  }

  #isOpen(line: Line): boolean {
    return !this.#degraded.has(line.type) && this.#hasRoom(line);
  }

  #hasRoom({ queue, keys }: Line): boolean {
    if (this.#paused.has(queue)) return false;
    return this.#closed.size === 0 || !keys.some((key) => this.#closed.has(key));
  }

  #reopen(key: string): void {
    const members = this.#held.get(key);
    if (members === undefined) return;
    this.#held.delete(key);
    for (const member of members) {
      member.heldBy = undefined;
      this.#enqueue(member);
    }
  }

  #letGo(member: Member): void {
    if (member.heldBy === undefined) return;
    const others = this.#held.get(member.heldBy);
    others?.delete(member);
    if (others?.size === 0) this.#held.delete(member.heldBy);
    member.heldBy = undefined;
  }

  #admit(lane: MarkedLane, line: Line): void {
    const party = this.#partyOf(lane);
    const member: Member = { lane, party, line, node: undefined, heldBy: undefined };
    party.members.set(lineKey(lane), member);
    if (lane.group === null) {
      line.plain = member;
      return;
    }
    line.groups.set(lane.group, member);
    this.#enqueue(member);
  }

  #remove(member: Member): void {
    const { lane, line, party } = member;
    this.#letGo(member);
    member.node = undefined;
    if (lane.group === null) line.plain = undefined;
    else line.groups.delete(lane.group);
    party.members.delete(lineKey(lane));
    if (party.members.size === 0) this.#parties.delete(partyKey(lane.queue, lane.group));
    if (line.plain === undefined && line.groups.size === 0) this.#lines.delete(lineKey(lane));
  }

  #find(lane: Lane): Member | undefined {
    const line = this.#lines.get(lineKey(lane));
    return line && memberOf(line, lane.group);
  }

  #lineOf({ queue, type }: Lane): Line {
    const key = lineKey({ queue, type });
    let line = this.#lines.get(key);
    if (line === undefined) {
      const keys = [queueKey(queue), typeKey(type)] as const;
      line = { queue, type, keys, plain: undefined, groups: new Map(), heap: new TurnHeap() };
      this.#lines.set(key, line);
    }
    return line;
  }

  #partyOf({ queue, group }: Lane): Party {
    const key = partyKey(queue, group);
    let party = this.#parties.get(key);
    if (party === undefined) {
      this.#arrivals += 1;
      // Behind everyone who waits, before the one that was served last.
      party = { turn: this.#served - 0.5, order: this.#arrivals, members: new Map() };
      this.#parties.set(key, party);
    }
    return party;
  }
}

/** Names have no blanks; a group may be anything, so it comes last. */
function lineKey({ queue, type }: LineName): string {
  return `${queue} ${type}`;
}

function partyKey(queue: string, group: string | null): string {
  return group === null ? PLAIN : `${queue} ${group}`;
}

function memberOf(line: Line, group: string | null): Member | undefined {
  return group === null ? line.plain : line.groups.get(group);
}

/** The member whose party's turn is next among the heads of the lines. */
function nextMember(lines: readonly Line[]): Member | undefined {
  return firstOf(lines.map(({ heap }) => freshHead(heap)))?.value;
}

function firstOf<T extends Pick<Party, 'turn' | 'order'>>(
  all: readonly (T | undefined)[],
): T | undefined {
  let first: T | undefined;
  for (const one of all) {
    if (one === undefined) continue;
    const { turn, order } = one;
    if (first === undefined || turn < first.turn || (turn === first.turn && order < first.order)) {
      first = one;
    }
  }
  return first;
}

/** The head of the heap, after what was taken out or served meanwhile went to its place. */
function freshHead(heap: TurnHeap<Member>): TurnNode<Member> | undefined {
  for (let head = heap.peek(); head !== undefined; head = heap.peek()) {
    const member = head.value;
    if (member.node === head && member.party.turn === head.turn) return head;
    heap.pop();
    if (member.node !== head) continue;
    member.node = { ...head, turn: member.party.turn };
    heap.push(member.node);
  }
  return undefined;
}

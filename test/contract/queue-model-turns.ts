/** Which jobs a claim may get, in plain words: limits counted anew each time, parties that take turns. */
import type { PlainQueue } from './queue-model.ts';
import type { PlainJob } from './queue-model-job.ts';

export interface PlainLane {
  readonly queue: string;
  readonly type: string;
  readonly group: string | null;
}

/** One limit: on a queue, a type, or on each group of one. */
export interface PlainRule {
  readonly on: 'queue' | 'type';
  readonly name: string;
  readonly perGroup: boolean;
  readonly concurrency: number | null;
  /** Starts that a full bucket holds; one comes back every `TOKEN_MS`. */
  readonly burst: number | null;
}

export const TOKEN_MS = 2_000;

export interface PlainClaim {
  readonly executor: string;
  readonly lanes: readonly PlainLane[];
  readonly limit: number;
}

export class PlainTurns {
  readonly #queue: PlainQueue;
  readonly #rules: readonly PlainRule[];
  /** What the last start left, and when that was. */
  readonly #buckets = new Map<string, { readonly left: number; at: number }>();

  constructor(queue: PlainQueue, rules: readonly PlainRule[]) {
    this.#queue = queue;
    this.#rules = rules;
  }

  /** Every job that a claim without end would get, in turn. */
  turns({ executor, lanes, limit }: PlainClaim): readonly PlainJob[] {
    const running = this.#queue.in('running').filter((job) => job.executor === executor);
    if (limit < 1 || running.some(isSuspect)) return [];
    this.#setBack(lanes);
    const picked: PlainJob[] = [];
    const parties = partiesOf(lanes);
    for (;;) {
      const before = picked.length;
      for (const party of parties) {
        const next = this.#next(party, picked);
        if (next === undefined) continue;
        const alone = picked.length === 0 && running.length === 0;
        // It would take its neighbours along: it runs alone, and nobody passes it.
        if (isSuspect(next)) return alone ? [next] : picked;
        picked.push(next);
      }
      if (picked.length === before) return picked;
    }
  }

  /** Takes the tokens for what was started. */
  spend(jobs: readonly PlainJob[]): void {
    for (const rule of this.#rules) {
      for (const job of jobs) {
        if (rule.burst === null || !isUnder(rule, laneOf(job))) continue;
        const left = this.#tokensOf(rule, laneOf(job), rule.burst) - 1;
        this.#buckets.set(nameOf(rule, laneOf(job)), { left, at: this.#queue.now });
      }
    }
  }

  /** Whether one more of the lane may start; `picked` start before it. */
  hasRoom(lane: PlainLane, picked: readonly PlainJob[] = []): boolean {
    return this.#rules.every((rule) => {
      const { concurrency, burst } = rule;
      if (!isUnder(rule, lane)) return true;
      const together = (job: PlainJob) => nameOf(rule, laneOf(job)) === nameOf(rule, lane);
      const alike = (job: PlainJob) => isUnder(rule, laneOf(job)) && together(job);
      const running = this.#queue.in('running').filter(alike).length;
      const taken = picked.filter(alike).length;
      const slots = concurrency === null ? Infinity : concurrency - running;
      const tokens = burst === null ? Infinity : Math.floor(this.#tokensOf(rule, lane, burst));
      return taken < Math.min(slots, tokens);
    });
  }

  #next(party: readonly PlainLane[], picked: readonly PlainJob[]): PlainJob | undefined {
    return this.#queue
      .in('queued')
      .filter((job) => party.some((lane) => isSame(lane, laneOf(job))) && !picked.includes(job))
      .filter((job) => this.hasRoom(laneOf(job), picked))
      .sort((a, b) => b.ask.priority - a.ask.priority || a.id - b.id)[0];
  }

  /** A claim looks at the buckets of its lanes; one that is of a later time than now goes on from now. */
  #setBack(lanes: readonly PlainLane[]): void {
    for (const rule of this.#rules) {
      for (const lane of lanes) {
        const bucket = isUnder(rule, lane) ? this.#buckets.get(nameOf(rule, lane)) : undefined;
        if (bucket !== undefined) bucket.at = Math.min(bucket.at, this.#queue.now);
      }
    }
  }

  #tokensOf(rule: PlainRule, lane: PlainLane, burst: number): number {
    const { now } = this.#queue;
    const { left, at } = this.#buckets.get(nameOf(rule, lane)) ?? { left: burst, at: now };
    return Math.min(burst, left + Math.max(0, now - at) / TOKEN_MS);
  }
}

export function laneOf({ queue, ask: { type, group } }: PlainJob): PlainLane {
  return { queue, type, group };
}

export function isSame(a: PlainLane, b: PlainLane): boolean {
  return a.queue === b.queue && a.type === b.type && a.group === b.group;
}

/** One crash more, and it is quarantined. */
function isSuspect({ crashes }: PlainJob): boolean {
  return crashes >= 2;
}

function isUnder({ on, name, perGroup }: PlainRule, lane: PlainLane): boolean {
  return lane[on] === name && (!perGroup || lane.group !== null);
}

function nameOf({ on, name, perGroup }: PlainRule, { group }: PlainLane): string {
  return `${on} ${name}${perGroup ? ` group ${group}` : ''}`;
}

/** A group of a queue is a party; all that has no group is one. */
export function partiesOf(lanes: readonly PlainLane[]): readonly (readonly PlainLane[])[] {
  const parties = new Map<string, PlainLane[]>();
  for (const lane of lanes) {
    const name = lane.group === null ? '' : `${lane.queue} ${lane.group}`;
    parties.set(name, [...(parties.get(name) ?? []), lane]);
  }
  return [...parties.values()];
}

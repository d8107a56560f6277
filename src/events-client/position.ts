/**
 * Where a subscription stands in the log: which event is its next one, a repeat, or proof that one is missing.
 *
 * While the history of another subscription is being sent, events may come out of order between objects, never
 * of one object. What came then is remembered for each object (`ahead`), until the rest has come as far.
 */

export interface Stand {
  readonly seq: string;
  readonly epoch?: string | undefined;
}

/** What is judged of an event; one that is only live has neither `seq` nor `prev`. */
export interface EventHead {
  readonly id: string;
  readonly seq?: string;
  readonly prev?: string | null;
}

export type Judgement = 'deliver' | 'repeat' | 'missing';

export class Position {
  /** Where an attach goes on; undefined before it is known. */
  #stand: Stand | undefined;
  /** Up to here everything has come; undefined: where the next event stands is no one's guess. */
  #known: string | undefined;
  readonly #ahead = new Map<string, string>();

  constructor(stand?: Stand) {
    this.#stand = stand;
    this.#known = stand?.seq;
  }

  get stand(): Stand | undefined {
    return this.#stand;
  }

  /** Everything up to here has come. Never goes back, but into another log. */
  reach(seq: string, epoch?: string): void {
    const from = this.#stand;
    if (this.#known === undefined || isAfter(seq, this.#known)) {
      this.#known = seq;
      this.#stand = { seq, epoch: epoch ?? from?.epoch };
    } else if (from !== undefined) this.#stand = { ...from, epoch: from.epoch ?? epoch };
  }

  /** What lies between here and the next event is not asked for, or is lost: the next one is taken as it comes. */
  leap(): void {
    this.#known = undefined;
    this.#ahead.clear();
  }

  judge({ id, seq, prev = null }: EventHead): Judgement {
    if (seq === undefined) return 'deliver';
    const last = later(this.#ahead.get(id), this.#known);
    if (last === undefined) return 'deliver';
    if (!isAfter(seq, last)) return 'repeat';
    return prev !== null && isAfter(prev, last) ? 'missing' : 'deliver';
  }

  /** @param isInOrder nothing older of what the subscription covers can come any more */
  pass({ id, seq }: EventHead, isInOrder: boolean, epoch: string | undefined): void {
    if (seq === undefined) return;
    if (isInOrder) this.reach(seq, epoch);
    else this.#ahead.set(id, later(this.#ahead.get(id), seq) ?? seq);
  }

  /** Forgets what lies behind. What lies ahead stays: history may be further than what is live. */
  tidy(): void {
    for (const [id, seq] of this.#ahead) {
      if (this.#known !== undefined && !isAfter(seq, this.#known)) this.#ahead.delete(id);
    }
  }
}

function later(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isAfter(one, other) ? one : other;
}

/** Positions are decimal numbers that may be larger than a double holds. */
export function isAfter(seq: string, other: string): boolean {
  return seq.length === other.length ? seq > other : seq.length > other.length;
}

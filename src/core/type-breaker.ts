/**
 * Which types of jobs take their executors down, and when one more attempt of such a type may be tried. Pure: the clock
 * comes in.
 *
 *   sound ─ three deaths in a minute, no attempt has come back in between ▶ degraded ─ 30 s ▶ one attempt at a time
 *     ▲                                                                       ▲                  │   │
 *     │                                                                       └─ it died: twice ─┘   │
 *     └────────────────────────── an attempt that comes back ◀───────────────────────────────────────┘
 *
 * Who of several has ended an executor cannot be seen. A type that is degraded explains the death; otherwise it is told
 * of all, and none is degraded that another one accompanied each time: the store runs jobs that were in two deaths
 * alone (claim-order.ts), which tells them apart. One job by itself does not degrade its type: its third death ends it.
 */

export interface BreakerRules {
  /** So many deaths … */
  readonly deaths: number;
  /** … within this time. */
  readonly windowMs: number;
  /** Before the first try; doubles with each that dies. */
  readonly baseWaitMs: number;
  readonly maxWaitMs: number;
  /** A try that was due for so long and did not die: there is no such job any more, or it lives. */
  readonly forgetMs: number;
}

export const BREAKER_RULES: BreakerRules = {
  deaths: 3,
  windowMs: 60_000,
  baseWaitMs: 30_000,
  maxWaitMs: 300_000,
  forgetMs: 600_000,
};

/** Ids of jobs by type: what an executor has died under. */
export type Suspects = ReadonlyMap<string, readonly string[]>;

export interface DegradedType {
  readonly type: string;
  /** Executors that it has taken down since an attempt of it came back. */
  readonly deaths: number;
  /** On the breaker's clock: when it became degraded, and from when on an attempt may be tried. */
  readonly sinceMono: number;
  readonly retryMono: number;
}

interface Degraded {
  readonly sinceMono: number;
  waitMs: number;
  retryMono: number;
}

interface TypeRecord {
  deaths: number;
  /** The last of them, as many as a verdict takes. */
  times: readonly number[];
  /** The one job that all of them were under; null: there were more. */
  sole: string | null;
  degraded: Degraded | undefined;
}

export class TypeBreaker {
  readonly #nowMono: () => number;
  readonly #rules: BreakerRules;
  /** Empty while no type is suspected of anything. */
  readonly #records = new Map<string, TypeRecord>();
  #degraded = 0;

  /** @param nowMono milliseconds of a monotonic clock */
  constructor(nowMono: () => number, rules = BREAKER_RULES) {
    this.#nowMono = nowMono;
    this.#rules = rules;
  }

  /** Nothing is on record. */
  get isIdle(): boolean {
    return this.#records.size === 0;
  }

  /** Types that are degraded. */
  get size(): number {
    return this.#degraded;
  }

  /**
   * An executor has died under these attempts.
   * @returns the types that are degraded now, or whose next try was put off
   */
  noteDeath(suspects: Suspects): readonly DegradedType[] {
    const now = this.#nowMono();
    const types = [...suspects.keys()];
    const known = types.filter((type) => this.#records.get(type)?.degraded !== undefined);
    if (known.length > 0) return known.flatMap((type) => this.#failAgain(type, now));
    this.#forgetOld(now);
    for (const [type, jobs] of suspects) this.#count(type, jobs, now);
    const [worst, second] = types.sort((a, b) => this.#recent(b) - this.#recent(a));
    if (worst === undefined || this.#recent(worst) < this.#rules.deaths) return [];
    if (second !== undefined && this.#recent(second) === this.#recent(worst)) return [];
    if (this.#records.get(worst)?.sole !== null) return [];
    return [this.#degrade(worst, now)];
  }

  /**
   * An attempt of the type has come back and left its executor alive.
   * @returns true when the type was degraded
   */
  noteReturn(type: string): boolean {
    const record = this.#records.get(type);
    if (record === undefined) return false;
    this.#records.delete(type);
    if (record.degraded === undefined) return false;
    this.#degraded -= 1;
    return true;
  }

  /** Types of which one attempt may be tried now. */
  due(): readonly string[] {
    const now = this.#nowMono();
    return this.degraded().flatMap(({ type, retryMono }) => (retryMono <= now ? type : []));
  }

  /** Milliseconds until the next try that is not due yet; null when there is none. */
  nextIn(): number | null {
    const now = this.#nowMono();
    const waits = this.degraded().map(({ retryMono }) => retryMono - now);
    const ahead = waits.filter((wait) => wait > 0);
    return ahead.length === 0 ? null : Math.min(...ahead);
  }

  /** Handlers may be others now: the waits begin anew, from the last death on. */
  retrySoon(): void {
    for (const { degraded } of this.#records.values()) {
      if (degraded === undefined) continue;
      degraded.retryMono -= degraded.waitMs - this.#rules.baseWaitMs;
      degraded.waitMs = this.#rules.baseWaitMs;
    }
  }

  /** Takes out what is not tried any more, and returns it. */
  takeForgotten(): readonly string[] {
    const before = this.#nowMono() - this.#rules.forgetMs;
    const gone = this.degraded().filter(({ retryMono }) => retryMono <= before);
    return gone.flatMap(({ type }) => (this.noteReturn(type) ? type : []));
  }

  find(type: string): DegradedType | undefined {
    const record = this.#records.get(type);
    if (record?.degraded === undefined) return undefined;
    const { sinceMono, retryMono } = record.degraded;
    return { type, deaths: record.deaths, sinceMono, retryMono };
  }

  degraded(): readonly DegradedType[] {
    if (this.#degraded === 0) return [];
    return [...this.#records.keys()].flatMap((type) => this.find(type) ?? []);
  }

  #failAgain(type: string, now: number): readonly DegradedType[] {
    const record = this.#records.get(type);
    if (record?.degraded === undefined) return [];
    record.deaths += 1;
    const { degraded } = record;
    // It began before the type was degraded: no try, so that nothing new is known.
    if (now < degraded.retryMono) return [];
    degraded.waitMs = Math.min(degraded.waitMs * 2, this.#rules.maxWaitMs);
    degraded.retryMono = now + degraded.waitMs;
    const told = this.find(type);
    return told === undefined ? [] : [told];
  }

  #count(type: string, [first, ...more]: readonly string[], now: number): void {
    const before = this.#records.get(type);
    const isSole = more.length === 0 && (before === undefined || before.sole === first);
    const recent = before?.times.filter((at) => this.#isRecent(at, now)) ?? [];
    this.#records.set(type, {
      deaths: (before?.deaths ?? 0) + 1,
      times: [...recent, now],
      sole: isSole && first !== undefined ? first : null,
      degraded: undefined,
    });
  }

  #degrade(type: string, now: number): DegradedType {
    const { deaths = 0, times = [] } = this.#records.get(type) ?? {};
    const waitMs = this.#rules.baseWaitMs;
    const degraded = { sinceMono: now, waitMs, retryMono: now + waitMs };
    // What the others were suspected of, this one explains.
    for (const [other, record] of this.#records) {
      if (record.degraded === undefined) this.#records.delete(other);
    }
    this.#records.set(type, { deaths, times, sole: null, degraded });
    this.#degraded += 1;
    return { type, deaths, sinceMono: now, retryMono: degraded.retryMono };
  }

  #forgetOld(now: number): void {
    for (const [type, { times, degraded }] of this.#records) {
      const last = times.at(-1) ?? now;
      if (degraded === undefined && !this.#isRecent(last, now)) this.#records.delete(type);
    }
  }

  #recent(type: string): number {
    return this.#records.get(type)?.times.length ?? 0;
  }

  #isRecent(at: number, now: number): boolean {
    return now - at < this.#rules.windowMs;
  }
}

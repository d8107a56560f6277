/**
 * Asks the access hook again about what live subscriptions stand on, when its answers grow old: what was withdrawn
 * there ends here.
 *
 *   yes ─old, in use▶ asked ─yes▶ kept anew     ─no▶ its user's connections look again
 *                           └─no answer▶ asked again for as long as an answer is kept, then as no
 *                └─not in use▶ forgotten
 *
 * One timer for all, and a bounded number of questions under way. Who attaches anew is judged by the hook alone.
 */
import type { HookQuestion } from './access-hook.ts';

/** What is attached now, and who has to look again at what it is attached to. */
export interface LiveUse {
  /** Some connection of the user stands on this answer. */
  isUsed(question: HookQuestion): boolean;
  /** All connections of the user. */
  recheck(user: string): void;
}

export interface RenewalOptions {
  readonly live: LiveUse;
  /** Asks anew, whatever is kept; undefined: no answer. Rejects never. */
  readonly ask: (question: HookQuestion) => Promise<boolean | undefined>;
  /** From one answer to the next question. */
  readonly everyMs: number;
  readonly nowMono: () => number;
}

/** The other half of what the hook is asked at once is for those who attach. */
const QUESTIONS_AT_ONCE = 16;
const TICK_MS = 1_000;
/** After a question without an answer. */
const AGAIN_MS = 5_000;

interface Entry {
  readonly question: HookQuestion;
  /** Without an answer it counts as no from then on. */
  readonly patienceMono: number;
}

export class AccessRenewal {
  readonly #options: RenewalOptions;
  /** Which tick an answer is due in; later ones replace earlier ones. */
  readonly #dueOf = new Map<string, number>();
  readonly #ticks = new Map<number, Map<string, Entry>>();
  readonly #queue: Entry[] = [];
  #underWay = 0;
  #lastTick: number;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#lastTick = this.#tickAt(options.nowMono());
  }

  /** Answers that are watched, in use or not. */
  get size(): number {
    return this.#dueOf.size;
  }

  /** The hook has just said yes. */
  note(question: HookQuestion): void {
    const { everyMs, nowMono } = this.#options;
    this.#put({ question, patienceMono: nowMono() + 2 * everyMs }, everyMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#dueOf.clear();
    this.#ticks.clear();
    this.#queue.length = 0;
  }

  /** Public for tests: what the timer does. */
  tick(): void {
    const now = this.#tickAt(this.#options.nowMono());
    for (let tick = this.#lastTick + 1; tick <= now; tick += 1) {
      for (const [key, entry] of this.#ticks.get(tick) ?? []) {
        if (this.#dueOf.get(key) !== tick) continue;
        this.#dueOf.delete(key);
        this.#queue.push(entry);
      }
      this.#ticks.delete(tick);
    }
    this.#lastTick = now;
    this.#work();
    if (this.#dueOf.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tickAt(mono: number): number {
    return Math.floor(mono / TICK_MS);
  }

  #put(entry: Entry, inMs: number): void {
    // What was under way at the stop is answered afterwards.
    if (this.#isStopped) return;
    const { nowMono } = this.#options;
    if (this.#timer === undefined) {
      this.#lastTick = this.#tickAt(nowMono());
      this.#timer = setInterval(() => this.tick(), TICK_MS).unref();
    }
    // In the last second of its life, so that nothing lives on what is too old.
    const tick = Math.max(this.#tickAt(nowMono() + inMs), this.#lastTick + 1);
    const key = keyOf(entry.question);
    this.#dueOf.set(key, tick);
    const due = this.#ticks.get(tick) ?? new Map<string, Entry>();
    this.#ticks.set(tick, due.set(key, entry));
  }

  #work(): void {
    while (this.#underWay < QUESTIONS_AT_ONCE) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      if (!this.#options.live.isUsed(entry.question)) continue;
      this.#underWay += 1;
      void this.#renew(entry).finally(() => {
        this.#underWay -= 1;
        this.#work();
      });
    }
  }

  /** A yes was noted by whoever asked. */
  async #renew(entry: Entry): Promise<void> {
    const { ask, live, nowMono } = this.#options;
    const answer = await ask(entry.question);
    if (answer === true) return;
    const isPatient = nowMono() + AGAIN_MS < entry.patienceMono;
    if (answer === undefined && isPatient) this.#put(entry, AGAIN_MS);
    else live.recheck(entry.question.user);
  }
}

function keyOf({ user, type, id }: HookQuestion): string {
  return type === undefined ? user : `${user}\n${type}\n${id}`;
}

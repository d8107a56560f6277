/**
 * Keeps types that take their executors down from being handed out: what the breaker decides, applied to the lanes and
 * told to whoever asks. Their jobs wait as those of a closed limit do; nothing is charged to them.
 */
import type { Logger } from '../process/logger.ts';
import type { DegradedTypeView } from '../protocol/status.ts';
import type { ExecutorNews } from './executor-news.ts';
import type { Lanes } from './lanes.ts';
import type { RemoteExecutor } from './remote-executor.ts';
import type { EndFact } from './throughput.ts';
import { type DegradedType, type Suspects, TypeBreaker } from './type-breaker.ts';

export interface TypeGuardParts {
  readonly lanes: Pick<Lanes, 'setDegraded'>;
  readonly executors: () => readonly Pick<RemoteExecutor, 'inFlight'>[];
  readonly log: Logger;
  readonly now: () => number;
  /** That of the system when omitted. */
  readonly nowMono?: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
}

export class TypeGuard {
  readonly #parts: TypeGuardParts;
  readonly #nowMono: () => number;
  readonly #breaker: TypeBreaker;

  constructor(parts: TypeGuardParts) {
    this.#parts = parts;
    this.#nowMono = parts.nowMono ?? (() => performance.now());
    this.#breaker = new TypeBreaker(this.#nowMono);
  }

  /** Whether any type is degraded at all. */
  get isActive(): boolean {
    return this.#breaker.size > 0;
  }

  /** An executor has died, and these attempts may have done it. */
  noteDeath(suspects: Suspects): void {
    if (suspects.size === 0) return;
    const { lanes, log, nudge } = this.#parts;
    for (const one of this.#breaker.noteDeath(suspects)) {
      lanes.setDegraded(one.type, true);
      const facts = { type: one.type, deaths: one.deaths, nextTryAt: this.#iso(one.retryMono) };
      log.warn(facts, 'job type is degraded: its attempts take their executors down');
    }
    nudge();
  }

  /** Attempts have ended; to be called after the commit. */
  noteEnds(ends: readonly EndFact[]): void {
    if (this.#breaker.isIdle) return;
    for (const { type, hasReturned } of ends) {
      if (hasReturned && this.#breaker.noteReturn(type)) this.#recover(type);
    }
  }

  /** Whoever arrives in the place of one that was replaced has loaded the handlers as they are now. */
  follow(news: Pick<ExecutorNews, 'listen'>): void {
    news.listen((event) => {
      if (!this.isActive || event.kind !== 'arrived' || event.executor.predecessor === null) return;
      this.#breaker.retrySoon();
      this.#parts.nudge();
    });
  }

  /** Types of which one attempt is to be tried now: none of them is under way. */
  toTry(): readonly string[] {
    for (const type of this.#breaker.takeForgotten()) this.#recover(type);
    const due = this.#breaker.due();
    if (due.length === 0) return [];
    const underWay = new Set(
      this.#parts
        .executors()
        .flatMap(({ inFlight }) => [...inFlight.values()].map(({ type }) => type)),
    );
    return due.filter((type) => !underWay.has(type));
  }

  /** Epoch milliseconds of the next try; null when none is waited for. */
  nextTryAt(): number | null {
    const wait = this.#breaker.nextIn();
    return wait === null ? null : Math.ceil(this.#parts.now() + wait);
  }

  find(type: string): DegradedTypeView | undefined {
    const one = this.#breaker.find(type);
    return one && this.#viewOf(one);
  }

  views(): readonly DegradedTypeView[] {
    return this.#breaker.degraded().map((one) => this.#viewOf(one));
  }

  #recover(type: string): void {
    const { lanes, log, nudge } = this.#parts;
    lanes.setDegraded(type, false);
    log.info({ type }, 'job type has recovered');
    nudge();
  }

  #viewOf({ type, deaths, sinceMono, retryMono }: DegradedType): DegradedTypeView {
    const isDue = retryMono <= this.#nowMono();
    const since = this.#iso(sinceMono);
    return { type, deaths, since, nextTryAt: isDue ? null : this.#iso(retryMono) };
  }

  #iso(atMono: number): string {
    return new Date(this.#parts.now() + atMono - this.#nowMono()).toISOString();
  }
}

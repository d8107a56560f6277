/** The ends of attempts and jobs in memory, and who hears of them. */
import type { AttemptEnd } from '../../src/queue/job.ts';
import { stateEvent, waitingEvent } from '../../src/queue/job-events.ts';
import type { EndAnswer, JudgedEnd, Released } from '../../src/queue/job-store.ts';
import { overridePolicy } from '../../src/queue/retry-policy.ts';
import { decideEnd } from '../../src/queue/transitions.ts';
import type { MemoryAdds } from './memory-adds.ts';
import type { Finish, Finishing, MemoryBook } from './memory-book.ts';
import { type MemoryJob, neverStarted, waiting } from './memory-job.ts';
import { releasing } from './memory-unique.ts';

export class MemoryEnds {
  readonly #book: MemoryBook;
  readonly #adds: MemoryAdds;

  constructor(book: MemoryBook, adds: MemoryAdds) {
    this.#book = book;
    this.#adds = adds;
  }

  settle({ end, policy, now, random }: JudgedEnd): EndAnswer {
    const job = this.#book.running(end);
    if (job === undefined) return { accepted: false };
    const { type, queue, group, retries, backoff } = job.record;
    const decision = decideEnd(job.record, end, {
      policy: overridePolicy(policy, { retries, backoff }),
      now,
      random,
    });
    const { next } = decision;
    const lane = { queue, type, group };
    if (next.kind === 'finish') {
      const released = this.#finish(job, end, { ...decision, next }, now);
      return { accepted: true, job: lane, next, ...releasing(released) };
    }
    const later = waiting(job, end, decision, now);
    const { state, runAt, attempt } = later.record;
    const data =
      runAt === null
        ? stateEvent(job.record, state, attempt)
        : waitingEvent(job.record, state, { attempt, runAt, error: end.error?.message });
    this.#book.put(later, data, now);
    return { accepted: true, job: lane, next };
  }

  /** A job that is not running is cancelled on the spot. */
  cancelWaiting(job: MemoryJob, now: number): readonly Released[] {
    const { id, attempt, failures, crashes } = job.record;
    const next: Finish = { kind: 'finish', state: 'cancelled', reason: null };
    return this.#finish(job, neverStarted(id, attempt), { next, failures, crashes }, now);
  }

  #finish(job: MemoryJob, end: AttemptEnd, decision: Finishing, now: number): readonly Released[] {
    const { id } = job.record;
    this.#book.recordEnd(job, end, decision, now);
    return [...this.#adds.addFollower(id, now), ...this.#book.flows(now).tell(id)];
  }
}

/** New jobs in memory: what a request's jobs come to, in the order of their dependencies. */
import { TaskbellError } from '../../src/protocol/errors.ts';
import type { JobRecord, NewJob } from '../../src/queue/job.ts';
import { stateEvent, waitingEvent } from '../../src/queue/job-events.ts';
import type { AddGuard, AddOutcome, Released } from '../../src/queue/job-store.ts';
import type { MemoryBook } from './memory-book.ts';
import type { Named } from './memory-flows.ts';
import { recall, remember } from './memory-guards.ts';
import { freshJob } from './memory-job.ts';

export class MemoryAdds {
  readonly #book: MemoryBook;

  constructor(book: MemoryBook) {
    this.#book = book;
  }

  /** @throws TaskbellError for a queue that is drained */
  addIfOpen(jobs: readonly NewJob[], now: number): readonly AddOutcome[] {
    const refused = jobs.find(({ queue }) => this.#book.all.modes.get(queue) === 'draining');
    if (refused !== undefined)
      throw new TaskbellError('E_UNAVAILABLE', `${refused.queue} is drained`);
    return this.add(jobs, now);
  }

  addOnce(
    jobs: readonly NewJob[],
    guard: AddGuard,
    now: number,
  ): readonly AddOutcome[] | 'other-jobs' {
    const { guards } = this.#book.all;
    const first = recall(guards, guard, (id) => this.#book.find(id)?.record);
    if (first !== undefined) return first;
    const outcomes = this.addIfOpen(jobs, now);
    remember(guards, guard, { outcomes, now });
    return outcomes;
  }

  add(jobs: readonly NewJob[], now: number): readonly AddOutcome[] {
    const plan = this.#book.flows(now).plan(jobs);
    const planned = plan.map(({ index }) => jobs[index] as NewJob);
    this.#book.unique().check(planned, now);
    return this.#book
      .flows(now)
      .carryOut(plan, (index, parents) => this.#addOne(jobs[index] as NewJob, now, parents));
  }

  /** What was kept until the job ended. */
  addFollower(id: string, now: number): readonly Released[] {
    const follower = this.#book.unique().takeFollower(id);
    if (follower === undefined) return [];
    const { job, since } = follower;
    const record = this.#insert({ ...job, after: [] }, now, [], since);
    this.#book.unique().hold(record.id, job, { since, now });
    const { queue, type, group, runAt } = record;
    return [{ queue, type, group, runAt }];
  }

  #addOne(job: NewJob, now: number, parents: readonly Named[] = []): AddOutcome {
    if (job.uniqueKey === null) {
      return { job: this.#insert(job, now, parents), duplicate: false };
    }
    const unique = this.#book.unique();
    const { free, change } = unique.meet(job, now);
    if (free !== undefined) {
      const record = this.#insert(free, now, parents);
      unique.hold(record.id, job, { since: now, now });
      return { job: record, duplicate: false, unique: 'added' };
    }
    const { job: changed, unique: outcome, row } = change;
    if (row !== undefined) this.#book.put(changed, row, now);
    return { job: changed.record, duplicate: true, unique: outcome };
  }

  #insert(job: NewJob, now: number, parents: readonly Named[], createdAt = now): JobRecord {
    const { all } = this.#book;
    all.lastOrder += 1;
    const fresh = freshJob(all.lastOrder, job, now);
    const record = { ...fresh.record, createdAt };
    if (parents.length > 0) {
      return this.#book.flows(now).join({ ...fresh, record }, job, parents).record;
    }
    const { state, runAt } = record;
    const data =
      runAt === null ? stateEvent(job, state, 0) : waitingEvent(job, state, { attempt: 0, runAt });
    this.#book.put({ ...fresh, record }, data, now);
    return record;
  }
}

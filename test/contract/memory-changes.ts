/** What operators change about jobs in memory: cancel, retry, move, remove, one by one or many. */
import { isFinished, type JobState } from '../../src/protocol/jobs.ts';
import { stateEvent } from '../../src/queue/job-events.ts';
import type {
  BulkChange,
  BulkChangeAnswer,
  CancelAnswer,
  RetryAnswer,
} from '../../src/queue/job-store.ts';
import type { MemoryBook } from './memory-book.ts';
import { changeOne, isNeeded, type MemoryBulkVerbs } from './memory-bulk.ts';
import type { MemoryEnds } from './memory-ends.ts';
import { type MemoryJob, revived } from './memory-job.ts';
import { holderAmong, releasing } from './memory-unique.ts';

export class MemoryChanges {
  readonly #book: MemoryBook;
  readonly #ends: MemoryEnds;

  constructor(book: MemoryBook, ends: MemoryEnds) {
    this.#book = book;
    this.#ends = ends;
  }

  cancel(id: string, now: number): CancelAnswer {
    const job = this.#book.find(id);
    if (job === undefined) return { kind: 'unknown' };
    const { state, attempt, executor } = job.record;
    if (isFinished(state)) return { kind: 'finished', state };
    if (state === 'running') {
      this.#book.keep({ ...job, record: { ...job.record, cancelRequested: true } });
      return { kind: 'requested', fence: { id, attempt }, executor: executor ?? '' };
    }
    return { kind: 'cancelled', ...releasing(this.#ends.cancelWaiting(job, now)) };
  }

  retry(id: string, now: number, dependents = false): RetryAnswer {
    const job = this.#book.find(id);
    if (job === undefined) return { kind: 'unknown' };
    const { state, type, queue, group } = job.record;
    if (state !== 'failed' && state !== 'cancelled') return { kind: 'not-failed', state };
    const holder = holderAmong(this.#book.all.jobs, job.record)?.record;
    if (holder !== undefined) return { kind: 'key-taken', by: holder.id };
    const next = this.#revive(job, now);
    const many = dependents ? { dependents: this.#reviveDependents(id, now) } : {};
    if (next === 'waiting') return { kind: next, ...many };
    return { kind: 'queued', lane: { queue, type, group }, ...many };
  }

  changeMany(ids: readonly string[], change: BulkChange): readonly BulkChangeAnswer[] {
    return ids.map((id) => changeOne(this.#verbs, id, change));
  }

  remove(id: string): 'removed' | 'needed' | 'unknown' {
    const { jobs, flows } = this.#book.all;
    const state = jobs.get(id)?.record.state;
    if (state === undefined || !isFinished(state)) return 'unknown';
    if (isNeeded(jobs, flows, id)) return 'needed';
    jobs.delete(id);
    flows.delete(id);
    return 'removed';
  }

  readonly #verbs: MemoryBulkVerbs = {
    find: (id) => this.#book.find(id)?.record,
    cancel: (id, now) => this.cancel(id, now),
    retry: (id, now) => this.retry(id, now),
    remove: (id) => this.remove(id),
    move: (job, queue, now) => {
      const moved = { ...(this.#book.find(job.id) as MemoryJob), record: { ...job, queue } };
      this.#book.put(moved, stateEvent(moved.record, job.state, job.attempt), now);
    },
  };

  #revive(job: MemoryJob, now: number): JobState {
    this.#book.keep(revived(job));
    const again = this.#book.flows(now).rejoin(revived(job));
    const { state, attempt } = again.record;
    this.#book.put(again, stateEvent(again.record, state, attempt), now);
    return state;
  }

  #reviveDependents(id: string, now: number): number {
    const { jobs } = this.#book.all;
    const open = [id];
    // The list grows while it is walked.
    for (const next of open) {
      for (const dependent of this.#book.flows(now).revivable(next)) {
        const job = this.#book.find(dependent);
        if (job === undefined || holderAmong(jobs, job.record) !== undefined) continue;
        this.#revive(job, now);
        open.push(dependent);
      }
    }
    return open.length - 1;
  }
}

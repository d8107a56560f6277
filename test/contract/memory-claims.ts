/** Claims and promotions in memory: what may start, and what starts. */
import { decideClaim } from '../../src/queue/claim-order.ts';
import type { Lane } from '../../src/queue/job.ts';
import { stateEvent } from '../../src/queue/job-events.ts';
import type { ClaimAnswer, ClaimRequest } from '../../src/queue/job-store.ts';
import type { LimitLedger } from '../../src/queue/limits.ts';
import { MAX_CRASHES } from '../../src/queue/transitions.ts';
import type { MemoryBook } from './memory-book.ts';
import { claimedOf, type MemoryJob, queued, started } from './memory-job.ts';
import { ledgerOf, spend } from './memory-limits.ts';

export class MemoryClaims {
  readonly #book: MemoryBook;

  constructor(book: MemoryBook) {
    this.#book = book;
  }

  claim(request: ClaimRequest): ClaimAnswer {
    const { executor, limit, now } = request;
    if (limit < 1 || (!request.idle && this.#runsSuspect(executor))) {
      return { jobs: [], emptyLanes: [], heldLanes: [] };
    }
    const { picked, spendings, ...lanes } = decideClaim(request, this.ledger(), (lane, count) =>
      this.#inLane(lane).slice(0, count),
    );
    spend(this.#book.all.buckets, spendings, now);
    const jobs = picked.map(({ job }) => {
      const running = started(job, executor, now);
      this.#book.put(running, stateEvent(job.record, 'running', running.record.attempt), now);
      return { ...claimedOf(running), dependencies: this.#book.flows(now).handDown(job.record.id) };
    });
    return { jobs, ...lanes };
  }

  promote(now: number, limit: number): readonly Lane[] {
    return this.#due()
      .filter((job) => (job.record.runAt ?? 0) <= now)
      .slice(0, limit)
      .map((job) => {
        const { type, queue, group, attempt } = job.record;
        this.#book.put(queued(job), stateEvent(job.record, 'queued', attempt), now);
        return { queue, type, group };
      });
  }

  nextDue(): number | null {
    return this.#due()[0]?.record.runAt ?? null;
  }

  ledger(): LimitLedger {
    return ledgerOf(
      this.#book.inState('running').map(({ record }) => record),
      this.#book.all.buckets,
    );
  }

  #due(): readonly MemoryJob[] {
    const jobs = this.#book.inState('scheduled', 'retrying');
    return jobs.toSorted((a, b) => (a.record.runAt ?? 0) - (b.record.runAt ?? 0));
  }

  #inLane({ queue, type, group }: Lane) {
    return this.#book
      .inState('queued')
      .filter(
        ({ record }) => record.queue === queue && record.type === type && record.group === group,
      )
      .map((job) => ({
        id: job.order,
        priority: job.record.priority,
        crashes: job.record.crashes,
        job,
      }))
      .sort((a, b) => b.priority - a.priority || a.id - b.id);
  }

  #runsSuspect(executor: string): boolean {
    return this.#book
      .inState('running')
      .some(({ record }) => record.executor === executor && record.crashes >= MAX_CRASHES - 1);
  }
}

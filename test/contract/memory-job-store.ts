/**
 * The queue's store in a map: the second implementation of the port. It shares the pure rules with
 * the SQLite store, and nothing else. Each method is a commit around what the files beside it do.
 */
import type { Fence, ProcessIdentity } from '../../src/protocol/execute.ts';
import type { JobProgress, JobState } from '../../src/protocol/jobs.ts';
import { type Slice, WITHOUT_END } from '../../src/protocol/slices.ts';
import type { QueueMode } from '../../src/protocol/status.ts';
import type { Lane, NewJob, NewLogLine } from '../../src/queue/job.ts';
import { modeEvent, progressEvent } from '../../src/queue/job-events.ts';
import type {
  AddGuard,
  AddOutcome,
  BulkChange,
  BulkChangeAnswer,
  CancelAnswer,
  ClaimAnswer,
  ClaimRequest,
  EndAnswer,
  EndedPage,
  EndedRequest,
  JobPage,
  JobStore,
  JobsInTransaction,
  JudgedEnd,
  ListFilter,
  QueueCounts,
  RemovedEnded,
  RetryAnswer,
  ScanPage,
  ScanRequest,
} from '../../src/queue/job-store.ts';
import { blocksOf, boundsOf, type LimitBlock, type LimitRules } from '../../src/queue/limits.ts';
import type { Commit } from '../../src/sqlite/commit.ts';
import { MemoryAdds } from './memory-adds.ts';
import { MemoryBook } from './memory-book.ts';
import { endedPage, keptOf, scanPage } from './memory-bulk.ts';
import { MemoryChanges } from './memory-changes.ts';
import { MemoryClaims } from './memory-claims.ts';
import type { MemoryState } from './memory-commit.ts';
import { MemoryEnds } from './memory-ends.ts';
import type { MemoryEventLog } from './memory-event-log.ts';
import { attemptsOf, logged } from './memory-job.ts';
import type { StatsTables } from './memory-queue-stats.ts';
import { lanesOf, listPage, queuesOf, runningOf, totalsOf } from './memory-reads.ts';

export class MemoryJobStore implements JobStore, MemoryState {
  readonly #commit: Commit;
  readonly #book: MemoryBook;
  readonly #adds: MemoryAdds;
  readonly #claims: MemoryClaims;
  readonly #ends: MemoryEnds;
  readonly #changes: MemoryChanges;
  readonly inTransaction: JobsInTransaction;

  constructor(commit: Commit, log: MemoryEventLog) {
    this.#commit = commit;
    this.#book = new MemoryBook(log);
    this.#adds = new MemoryAdds(this.#book);
    this.#claims = new MemoryClaims(this.#book);
    this.#ends = new MemoryEnds(this.#book, this.#adds);
    this.#changes = new MemoryChanges(this.#book, this.#ends);
    this.inTransaction = {
      add: (jobs, now) => this.#adds.add(jobs, now),
      cancel: (id, now) => this.#changes.cancel(id, now),
      get: (id) => this.#book.find(id)?.record,
    };
  }

  /** For whoever asks about queues. */
  get tables(): StatsTables {
    return this.#book.all;
  }

  save(): () => void {
    return this.#book.save();
  }

  add(jobs: readonly NewJob[], now: number): Promise<readonly AddOutcome[]> {
    return this.#commit(() => this.#adds.addIfOpen(jobs, now));
  }

  addOnce(
    jobs: readonly NewJob[],
    guard: AddGuard,
    now: number,
  ): Promise<readonly AddOutcome[] | 'other-jobs'> {
    return this.#commit(() => this.#adds.addOnce(jobs, guard, now));
  }

  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#commit(() => this.#claims.claim(request));
  }

  end(ends: readonly JudgedEnd[]): Promise<readonly EndAnswer[]> {
    return this.#commit(() => ends.map((judged) => this.#ends.settle(judged)));
  }

  promote(now: number, limit: number): Promise<readonly Lane[]> {
    return this.#commit(() => this.#claims.promote(now, limit));
  }

  async nextDue(): Promise<number | null> {
    return this.#claims.nextDue();
  }

  cancel(id: string, now: number): Promise<CancelAnswer> {
    return this.#commit(() => this.#changes.cancel(id, now));
  }

  retry(id: string, now: number, { dependents = false } = {}): Promise<RetryAnswer> {
    return this.#commit(() => this.#changes.retry(id, now, dependents));
  }

  recordProgress(fence: Fence, progress: JobProgress, now: number): Promise<void> {
    return this.#commit(() => {
      const job = this.#book.running(fence);
      if (job === undefined) return;
      const data = progressEvent(job.record, fence.attempt, progress);
      this.#book.put({ ...job, record: { ...job.record, progress } }, data, now);
    });
  }

  recordGroup(fence: Fence, group: ProcessIdentity): Promise<void> {
    return this.#commit(() => {
      const job = this.#book.running(fence);
      if (job !== undefined) this.#book.keep({ ...job, group });
    });
  }

  appendLogLines(lines: readonly NewLogLine[]): Promise<void> {
    return this.#commit(() => {
      for (const { id, at, attempt, level, line } of lines) {
        const job = this.#book.find(id);
        if (job !== undefined) this.#book.keep(logged(job, { at, attempt, level, line }));
      }
    });
  }

  async get(id: string) {
    return this.#book.find(id)?.record;
  }

  async attempts(id: string) {
    const job = this.#book.find(id);
    return job === undefined ? [] : attemptsOf(job);
  }

  async countDependencies(id: string) {
    return this.#book.flows(0).count(id);
  }

  async relatives(id: string, limit: number) {
    return this.#book.flows(0).relatives(id, limit);
  }

  async logLines(id: string, after: number, limit: number) {
    const lines = this.#book.find(id)?.lines ?? [];
    return lines.filter(({ n }) => n > after).slice(0, limit);
  }

  async list(filter: ListFilter): Promise<JobPage> {
    return listPage(this.#book.all.jobs, filter);
  }

  async running() {
    return this.#book.inState('running').map(runningOf);
  }

  async lanes(): Promise<readonly Lane[]> {
    return lanesOf(this.#book.inState('queued'));
  }

  async blocksOf(lane: Lane, rules: LimitRules, now: number): Promise<readonly LimitBlock[]> {
    return blocksOf(boundsOf(lane, rules), this.#claims.ledger(), now);
  }

  rememberExecutor(id: string, process: ProcessIdentity): Promise<void> {
    return this.#commit(() => void this.#book.all.executors.set(id, process));
  }

  async executorProcess(id: string) {
    return this.#book.all.executors.get(id);
  }

  setMode(queue: string, mode: QueueMode, now: number): Promise<void> {
    return this.#commit(() => {
      this.#book.all.modes.set(queue, mode);
      this.#book.log.write({ type: 'queue', id: queue, kind: 'event', data: modeEvent(mode) }, now);
    });
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    return scanPage(this.#book.all.jobs, request);
  }

  changeMany(ids: readonly string[], change: BulkChange): Promise<readonly BulkChangeAnswer[]> {
    return this.#commit(() => this.#changes.changeMany(ids, change));
  }

  async endedAfter(request: EndedRequest): Promise<EndedPage> {
    return endedPage(this.#book.all.jobs, request);
  }

  removeEnded(ids: readonly string[], slice: Slice = WITHOUT_END): Promise<RemovedEnded> {
    return this.#commit(() => {
      const isOver = slice();
      let removed = 0;
      for (const [index, id] of ids.entries()) {
        if (this.#changes.remove(id) === 'removed') removed += 1;
        if (isOver()) return { looked: index + 1, removed };
      }
      return { looked: ids.length, removed };
    });
  }

  async kept() {
    return keptOf(this.#book.all.jobs);
  }

  async queues(): Promise<readonly QueueCounts[]> {
    return queuesOf(this.#book.all);
  }

  async totals(): Promise<Readonly<Record<JobState, number>>> {
    return totalsOf(this.#book.all);
  }
}

/**
 * The queue's store in a map: the second implementation of the port. It shares the pure rules with
 * the SQLite store, and nothing else.
 */

import { TaskbellError } from '../../src/protocol/errors.ts';
import type { Fence, ProcessIdentity } from '../../src/protocol/execute.ts';
import { isFinished, type JobProgress, type JobState } from '../../src/protocol/jobs.ts';
import type { QueueMode } from '../../src/protocol/status.ts';
import { decideClaim } from '../../src/queue/claim-order.ts';
import type { AttemptEnd, JobRecord, Lane, NewJob, NewLogLine } from '../../src/queue/job.ts';
import {
  endEvent,
  modeEvent,
  progressEvent,
  stateEvent,
  waitingEvent,
} from '../../src/queue/job-events.ts';
import type {
  AddGuard,
  AddOutcome,
  BulkChange,
  BulkChangeAnswer,
  CancelAnswer,
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
  Released,
  RetryAnswer,
  ScanPage,
  ScanRequest,
} from '../../src/queue/job-store.ts';
import {
  blocksOf,
  boundsOf,
  type LimitBlock,
  type LimitLedger,
  type LimitRules,
} from '../../src/queue/limits.ts';
import { overridePolicy } from '../../src/queue/retry-policy.ts';
import { type Decision, decideEnd, MAX_CRASHES } from '../../src/queue/transitions.ts';
import type { Commit } from '../../src/sqlite/commit.ts';
import {
  changeOne,
  endedPage,
  isNeeded,
  keptOf,
  type MemoryChanges,
  scanPage,
} from './memory-bulk.ts';
import type { MemoryState } from './memory-commit.ts';
import type { MemoryEventLog } from './memory-event-log.ts';
import { type Flows, MemoryFlows, type Named } from './memory-flows.ts';
import { type Guards, recall, remember } from './memory-guards.ts';
import {
  attemptsOf,
  claimedOf,
  finished,
  freshJob,
  logged,
  type MemoryJob,
  neverStarted,
  queued,
  revived,
  started,
  waiting,
} from './memory-job.ts';
import { type Buckets, ledgerOf, spend } from './memory-limits.ts';
import type { StatsTables } from './memory-queue-stats.ts';
import {
  lanesOf,
  listPage,
  type MemoryTables,
  queuesOf,
  runningOf,
  totalsOf,
} from './memory-reads.ts';
import {
  copyUnique,
  holderAmong,
  MemoryUnique,
  noUnique,
  releasing,
  type UniqueTables,
} from './memory-unique.ts';

type Finish = Extract<Decision, { kind: 'finish' }>;

interface Everything extends MemoryTables {
  readonly jobs: Map<string, MemoryJob>;
  readonly executors: Map<string, ProcessIdentity>;
  readonly modes: Map<string, QueueMode>;
  readonly ends: Map<JobState, number>;
  readonly guards: Guards;
  readonly buckets: Buckets;
  readonly unique: UniqueTables;
  readonly flows: Flows;
  lastOrder: number;
}

export class MemoryJobStore implements JobStore, MemoryState {
  readonly #commit: Commit;
  readonly #log: MemoryEventLog;
  #all: Everything = {
    jobs: new Map(),
    executors: new Map(),
    modes: new Map(),
    ends: new Map(),
    guards: new Map(),
    buckets: new Map(),
    unique: noUnique(),
    flows: new Map(),
    lastOrder: 0,
  };

  readonly inTransaction: JobsInTransaction = {
    add: (jobs, now) => this.#add(jobs, now),
    cancel: (id, now) => this.#cancel(id, now),
    get: (id) => this.#all.jobs.get(id)?.record,
  };

  constructor(commit: Commit, log: MemoryEventLog) {
    this.#commit = commit;
    this.#log = log;
  }

  /** For whoever asks about queues. */
  get tables(): StatsTables {
    return this.#all;
  }

  save(): () => void {
    const { jobs, executors, modes, ends, guards, buckets, unique, flows, lastOrder } = this.#all;
    const copy: Everything = {
      jobs: new Map(jobs),
      executors: new Map(executors),
      modes: new Map(modes),
      ends: new Map(ends),
      guards: new Map(guards),
      buckets: new Map(buckets),
      unique: copyUnique(unique),
      flows: new Map(flows),
      lastOrder,
    };
    return () => {
      this.#all = copy;
    };
  }

  add(jobs: readonly NewJob[], now: number): Promise<readonly AddOutcome[]> {
    return this.#commit(() => this.#addIfOpen(jobs, now));
  }

  addOnce(
    jobs: readonly NewJob[],
    guard: AddGuard,
    now: number,
  ): Promise<readonly AddOutcome[] | 'other-jobs'> {
    return this.#commit(() => {
      const { guards, jobs: known } = this.#all;
      const first = recall(guards, guard, (id) => known.get(id)?.record);
      if (first !== undefined) return first;
      const outcomes = this.#addIfOpen(jobs, now);
      remember(guards, guard, { outcomes, now });
      return outcomes;
    });
  }

  #addIfOpen(jobs: readonly NewJob[], now: number): readonly AddOutcome[] {
    const refused = jobs.find(({ queue }) => this.#all.modes.get(queue) === 'draining');
    if (refused !== undefined)
      throw new TaskbellError('E_UNAVAILABLE', `${refused.queue} is drained`);
    return this.#add(jobs, now);
  }

  #add(jobs: readonly NewJob[], now: number): readonly AddOutcome[] {
    const plan = this.#flows(now).plan(jobs);
    this.#unique().check(jobs, now);
    return this.#flows(now).carryOut(plan, (index, parents) =>
      this.#addOne(jobs[index] as NewJob, now, parents),
    );
  }

  #flows(now: number): MemoryFlows {
    const { jobs, flows } = this.#all;
    return new MemoryFlows({
      ...{ jobs, flows, now },
      put: (job, data) => (data === undefined ? this.#keep(job) : this.#put(job, data, now)),
      finish: (job, next, error) => {
        const { id, attempt, failures, crashes } = job.record;
        const end = { ...neverStarted(id, attempt), error };
        this.#recordEnd(job, end, { next, failures, crashes }, now);
      },
    });
  }

  #unique(): MemoryUnique {
    return new MemoryUnique(this.#all.jobs, this.#all.flows, this.#all.unique);
  }

  #addOne(job: NewJob, now: number, parents: readonly Named[] = []): AddOutcome {
    if (job.uniqueKey === null) {
      return { job: this.#insert(job, now, parents), duplicate: false };
    }
    const { free, change } = this.#unique().meet(job, now);
    if (free !== undefined) {
      const record = this.#insert(free, now, parents);
      this.#unique().hold(record.id, job, now);
      return { job: record, duplicate: false, unique: 'added' };
    }
    const { job: changed, unique, row } = change;
    if (row !== undefined) this.#put(changed, row, now);
    return { job: changed.record, duplicate: true, unique };
  }

  /** What was kept until the job ended. */
  #addFollower(id: string, now: number): readonly Released[] {
    const follower = this.#unique().takeFollower(id);
    if (follower === undefined) return [];
    const { job, since } = follower;
    const record = this.#insert({ ...job, after: [] }, now, [], since);
    this.#unique().hold(record.id, job, since);
    const { queue, type, group, runAt } = record;
    return [{ queue, type, group, runAt }];
  }

  #insert(job: NewJob, now: number, parents: readonly Named[], createdAt = now): JobRecord {
    this.#all.lastOrder += 1;
    const fresh = freshJob(this.#all.lastOrder, job, now);
    const record = { ...fresh.record, createdAt };
    if (parents.length > 0) {
      return this.#flows(now).join({ ...fresh, record }, job, parents).record;
    }
    const { state, runAt } = record;
    const data =
      runAt === null ? stateEvent(job, state, 0) : waitingEvent(job, state, { attempt: 0, runAt });
    this.#put({ ...fresh, record }, data, now);
    return record;
  }

  claim(request: ClaimRequest) {
    return this.#commit(() => {
      const { executor, limit, now } = request;
      if (limit < 1 || (!request.idle && this.#runsSuspect(executor))) {
        return { jobs: [], emptyLanes: [], heldLanes: [] };
      }
      const { picked, spendings, ...lanes } = decideClaim(request, this.#ledger(), (lane, count) =>
        this.#inLane(lane).slice(0, count),
      );
      spend(this.#all.buckets, spendings, now);
      const jobs = picked.map(({ job }) => {
        const running = started(job, executor, now);
        this.#put(running, stateEvent(job.record, 'running', running.record.attempt), now);
        return { ...claimedOf(running), dependencies: this.#flows(now).handDown(job.record.id) };
      });
      return { jobs, ...lanes };
    });
  }

  end(ends: readonly JudgedEnd[]): Promise<readonly EndAnswer[]> {
    return this.#commit(() => ends.map((judged) => this.#settle(judged)));
  }

  #settle({ end, policy, now, random }: JudgedEnd): EndAnswer {
    const job = this.#running(end);
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
    this.#put(later, data, now);
    return { accepted: true, job: lane, next };
  }

  #finish(
    job: MemoryJob,
    end: AttemptEnd,
    decision: { next: Finish; failures: number; crashes: number },
    now: number,
  ): readonly Released[] {
    const { id } = job.record;
    this.#recordEnd(job, end, decision, now);
    return [...this.#addFollower(id, now), ...this.#flows(now).tell(id)];
  }

  #recordEnd(
    job: MemoryJob,
    end: AttemptEnd,
    decision: { next: Finish; failures: number; crashes: number },
    now: number,
  ): void {
    const { state, reason } = decision.next;
    const emitted = state === 'succeeded' ? end.events : [];
    for (const { type, id, data } of emitted) {
      this.#log.write({ type, id, kind: 'event', data: JSON.stringify(data) }, now);
    }
    this.#all.jobs.set(job.record.id, finished(job, end, decision, now));
    this.#all.ends.set(state, (this.#all.ends.get(state) ?? 0) + 1);
    const { id, userId } = job.record;
    const data = endEvent(job.record, end, state, reason);
    this.#log.write(
      { type: 'job', id, kind: 'end', data, detail: { userId, error: end.error } },
      now,
    );
  }

  promote(now: number, limit: number): Promise<readonly Lane[]> {
    return this.#commit(() =>
      this.#due()
        .filter((job) => (job.record.runAt ?? 0) <= now)
        .slice(0, limit)
        .map((job) => {
          const { type, queue, group, attempt } = job.record;
          this.#put(queued(job), stateEvent(job.record, 'queued', attempt), now);
          return { queue, type, group };
        }),
    );
  }

  async nextDue(): Promise<number | null> {
    return this.#due()[0]?.record.runAt ?? null;
  }

  cancel(id: string, now: number): Promise<CancelAnswer> {
    return this.#commit(() => this.#cancel(id, now));
  }

  #cancel(id: string, now: number): CancelAnswer {
    const job = this.#all.jobs.get(id);
    if (job === undefined) return { kind: 'unknown' };
    const { state, attempt, executor, failures, crashes } = job.record;
    if (isFinished(state)) return { kind: 'finished', state };
    if (state === 'running') {
      this.#keep({ ...job, record: { ...job.record, cancelRequested: true } });
      return { kind: 'requested', fence: { id, attempt }, executor: executor ?? '' };
    }
    const next: Finish = { kind: 'finish', state: 'cancelled', reason: null };
    const counts = { failures, crashes };
    const released = this.#finish(job, neverStarted(id, attempt), { next, ...counts }, now);
    return { kind: 'cancelled', ...releasing(released) };
  }

  retry(id: string, now: number, { dependents = false } = {}): Promise<RetryAnswer> {
    return this.#commit(() => this.#retry(id, now, dependents));
  }

  #retry(id: string, now: number, dependents = false): RetryAnswer {
    const job = this.#all.jobs.get(id);
    if (job === undefined) return { kind: 'unknown' };
    const { state, type, queue, group } = job.record;
    if (state !== 'failed' && state !== 'cancelled') return { kind: 'not-failed', state };
    const holder = holderAmong(this.#all.jobs, job.record)?.record;
    if (holder !== undefined) return { kind: 'key-taken', by: holder.id };
    const next = this.#revive(job, now);
    const many = dependents ? { dependents: this.#reviveDependents(id, now) } : {};
    if (next === 'waiting') return { kind: next, ...many };
    return { kind: 'queued', lane: { queue, type, group }, ...many };
  }

  #revive(job: MemoryJob, now: number): JobState {
    this.#keep(revived(job));
    const again = this.#flows(now).rejoin(revived(job));
    const { state, attempt } = again.record;
    this.#put(again, stateEvent(again.record, state, attempt), now);
    return state;
  }

  #reviveDependents(id: string, now: number): number {
    const open = [id];
    for (const next of open) {
      for (const dependent of this.#flows(now).revivable(next)) {
        const job = this.#all.jobs.get(dependent);
        if (job === undefined || holderAmong(this.#all.jobs, job.record) !== undefined) continue;
        this.#revive(job, now);
        open.push(dependent);
      }
    }
    return open.length - 1;
  }

  recordProgress(fence: Fence, progress: JobProgress, now: number): Promise<void> {
    return this.#commit(() => {
      const job = this.#running(fence);
      if (job === undefined) return;
      const data = progressEvent(job.record, fence.attempt, progress);
      this.#put({ ...job, record: { ...job.record, progress } }, data, now);
    });
  }

  recordGroup(fence: Fence, group: ProcessIdentity): Promise<void> {
    return this.#commit(() => {
      const job = this.#running(fence);
      if (job !== undefined) this.#keep({ ...job, group });
    });
  }

  appendLogLines(lines: readonly NewLogLine[]): Promise<void> {
    return this.#commit(() => {
      for (const { id, at, attempt, level, line } of lines) {
        const job = this.#all.jobs.get(id);
        if (job === undefined) continue;
        this.#keep(logged(job, { at, attempt, level, line }));
      }
    });
  }

  async get(id: string) {
    return this.#all.jobs.get(id)?.record;
  }

  async attempts(id: string) {
    const job = this.#all.jobs.get(id);
    return job === undefined ? [] : attemptsOf(job);
  }

  async countDependencies(id: string) {
    return this.#flows(0).count(id);
  }

  async relatives(id: string, limit: number) {
    return this.#flows(0).relatives(id, limit);
  }

  async logLines(id: string, after: number, limit: number) {
    const lines = this.#all.jobs.get(id)?.lines ?? [];
    return lines.filter(({ n }) => n > after).slice(0, limit);
  }

  async list(filter: ListFilter): Promise<JobPage> {
    return listPage(this.#all.jobs, filter);
  }

  async running() {
    return this.#inState('running').map(runningOf);
  }

  async lanes(): Promise<readonly Lane[]> {
    return lanesOf(this.#inState('queued'));
  }

  async blocksOf(lane: Lane, rules: LimitRules, now: number): Promise<readonly LimitBlock[]> {
    return blocksOf(boundsOf(lane, rules), this.#ledger(), now);
  }

  rememberExecutor(id: string, process: ProcessIdentity): Promise<void> {
    return this.#commit(() => void this.#all.executors.set(id, process));
  }

  async executorProcess(id: string) {
    return this.#all.executors.get(id);
  }

  setMode(queue: string, mode: QueueMode, now: number): Promise<void> {
    return this.#commit(() => {
      this.#all.modes.set(queue, mode);
      this.#log.write({ type: 'queue', id: queue, kind: 'event', data: modeEvent(mode) }, now);
    });
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    return scanPage(this.#all.jobs, request);
  }

  changeMany(ids: readonly string[], change: BulkChange): Promise<readonly BulkChangeAnswer[]> {
    return this.#commit(() => ids.map((id) => changeOne(this.#changes, id, change)));
  }

  async endedAfter(request: EndedRequest): Promise<EndedPage> {
    return endedPage(this.#all.jobs, request);
  }

  removeEnded(ids: readonly string[]): Promise<number> {
    return this.#commit(() => ids.filter((id) => this.#remove(id) === 'removed').length);
  }

  async kept() {
    return keptOf(this.#all.jobs);
  }

  readonly #changes: MemoryChanges = {
    find: (id) => this.#all.jobs.get(id)?.record,
    cancel: (id, now) => this.#cancel(id, now),
    retry: (id, now) => this.#retry(id, now),
    remove: (id) => this.#remove(id),
    move: (job, queue, now) => {
      const moved = { ...(this.#all.jobs.get(job.id) as MemoryJob), record: { ...job, queue } };
      this.#put(moved, stateEvent(moved.record, job.state, job.attempt), now);
    },
  };

  #remove(id: string): 'removed' | 'needed' | 'unknown' {
    const { jobs, flows } = this.#all;
    const state = jobs.get(id)?.record.state;
    if (state === undefined || !isFinished(state)) return 'unknown';
    if (isNeeded(jobs, flows, id)) return 'needed';
    jobs.delete(id);
    flows.delete(id);
    return 'removed';
  }

  async queues(): Promise<readonly QueueCounts[]> {
    return queuesOf(this.#all);
  }

  async totals(): Promise<Readonly<Record<JobState, number>>> {
    return totalsOf(this.#all);
  }

  #keep(job: MemoryJob): void {
    this.#all.jobs.set(job.record.id, job);
  }

  #put(job: MemoryJob, data: string, now: number): void {
    this.#keep(job);
    this.#log.write({ type: 'job', id: job.record.id, kind: 'state', data }, now);
  }

  #inState(...states: readonly JobState[]): readonly MemoryJob[] {
    return [...this.#all.jobs.values()].filter(({ record }) => states.includes(record.state));
  }

  #inLane({ queue, type, group }: Lane) {
    return this.#inState('queued')
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

  #ledger(): LimitLedger {
    return ledgerOf(
      this.#inState('running').map(({ record }) => record),
      this.#all.buckets,
    );
  }

  #due(): readonly MemoryJob[] {
    const jobs = this.#inState('scheduled', 'retrying');
    return jobs.toSorted((a, b) => (a.record.runAt ?? 0) - (b.record.runAt ?? 0));
  }

  #running({ id, attempt }: Fence): MemoryJob | undefined {
    const job = this.#all.jobs.get(id);
    return job?.record.state === 'running' && job.record.attempt === attempt ? job : undefined;
  }

  #runsSuspect(executor: string): boolean {
    return this.#inState('running').some(
      ({ record }) => record.executor === executor && record.crashes >= MAX_CRASHES - 1,
    );
  }
}

/**
 * The queue's store on SQLite. Carries out what `transitions.ts` and `claim-order.ts` decide; each
 * change writes its log rows in the same transaction.
 */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import type { Fence, ProcessIdentity } from '../../protocol/execute.ts';
import {
  JOB_STATES,
  type JobLogLine,
  type JobProgress,
  type JobState,
} from '../../protocol/jobs.ts';
import type { Commit } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import { pickClaims } from '../claim-order.ts';
import type { AttemptRecord, JobRecord, Lane, NewJob, NewLogLine, RunningJob } from '../job.ts';
import { progressEvent, stateEvent, waitingEvent } from '../job-events.ts';
import {
  type AddGuard,
  type AddOutcome,
  type CancelAnswer,
  type ClaimAnswer,
  type ClaimRequest,
  type EndAnswer,
  GUARD_LIFETIME_MS,
  type JobPage,
  type JobStore,
  type JudgedEnd,
  type ListFilter,
  MAX_LOG_LINES,
  type QueueCounts,
  type RetryAnswer,
} from '../job-store.ts';
import { MAX_CRASHES } from '../transitions.ts';
import type { JobCounts } from './job-counts.ts';
import { JobEnds } from './job-ends.ts';
import { JobList } from './job-list.ts';
import {
  type GuardRow,
  type JobRow,
  keyOf,
  ownAttempt,
  toAttempt,
  toClaimed,
  toJob,
  toLogLine,
  toRunning,
} from './job-rows.ts';
import { type JobStatements, prepareJobStatements } from './job-statements.ts';

export interface SqliteJobStoreParts {
  readonly db: Database;
  readonly writer: LogWriter;
  readonly counts: JobCounts;
  readonly commit: Commit;
}

export class SqliteJobStore implements JobStore {
  readonly #sql: JobStatements;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;
  readonly #commit: Commit;
  readonly #ends: JobEnds;
  readonly #list: JobList;
  #forgotten = false;

  constructor({ db, writer, counts, commit }: SqliteJobStoreParts) {
    this.#sql = prepareJobStatements(db);
    this.#writer = writer;
    this.#counts = counts;
    this.#commit = commit;
    this.#ends = new JobEnds(this.#sql, writer, counts);
    this.#list = new JobList(db);
  }

  add(jobs: readonly NewJob[], now: number): Promise<readonly AddOutcome[]> {
    return this.#commit(() => jobs.map((job) => this.#addOne(job, now)));
  }

  addOnce(
    jobs: readonly NewJob[],
    guard: AddGuard,
    now: number,
  ): Promise<readonly AddOutcome[] | 'other-jobs'> {
    return this.#commit(() => {
      const known = this.#sql.guard.get(guard.key);
      if (known !== undefined) {
        return known.fingerprint === guard.fingerprint ? this.#answersOf(known) : 'other-jobs';
      }
      const outcomes = jobs.map((job) => this.#addOne(job, now));
      const answers = outcomes.map(({ job, duplicate }) => [Number(job.id), duplicate]);
      this.#sql.insertGuard.run(guard.key, now, guard.fingerprint, JSON.stringify(answers));
      this.#sql.forgetGuards.run(now - GUARD_LIFETIME_MS);
      return outcomes;
    });
  }

  #answersOf(known: GuardRow): readonly AddOutcome[] {
    const answers = JSON.parse(known.answers) as readonly (readonly [number, boolean])[];
    return answers.flatMap(([key, duplicate]) => {
      const row = this.#row(key);
      return row === undefined ? [] : [{ job: toJob(row), duplicate }];
    });
  }

  #addOne(job: NewJob, now: number): AddOutcome {
    const holder =
      job.uniqueKey === null ? undefined : this.#sql.holderOfKey.get(job.type, job.uniqueKey);
    if (holder !== undefined) {
      return { job: toJob(this.#row(holder) as JobRow), duplicate: true };
    }
    const state = job.runAt !== null && job.runAt > now ? 'scheduled' : 'queued';
    const runAt = state === 'scheduled' ? job.runAt : null;
    const { type, queue, priority, payload, uniqueKey, retries, timeoutMs, userId } = job;
    const { lastInsertRowid } = this.#sql.insert.run(
      ...[type, queue, state, priority, payload, runAt, uniqueKey, retries, timeoutMs, userId],
      ...[now, this.#writer.next],
    );
    const id = String(lastInsertRowid);
    const data =
      runAt === null ? stateEvent(job, state, 0) : waitingEvent(job, state, { attempt: 0, runAt });
    this.#writer.write({ type: 'job', id, kind: 'state', data }, null, now);
    this.#counts.move(queue, null, state);
    return { job: freshJob(job, { id, state, runAt, createdAt: now }), duplicate: false };
  }

  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#commit(() => this.#claimNow(request));
  }

  #claimNow(request: ClaimRequest): ClaimAnswer {
    if (request.limit < 1 || this.#isTaken(request)) return { jobs: [], emptyLanes: [] };
    const emptyLanes: Lane[] = [];
    const candidates = request.lanes.flatMap((lane) => {
      const rows = this.#sql.waiting.all(lane.queue, lane.type, request.limit);
      if (rows.length === 0) emptyLanes.push(lane);
      return rows;
    });
    const picked = pickClaims(candidates, request);
    for (const row of picked) {
      const seq = this.#writer.next;
      this.#sql.start.run(request.executor, request.now, seq, row.id);
      const data = stateEvent(row, 'running', row.attempt + 1);
      const id = String(row.id);
      this.#writer.write({ type: 'job', id, kind: 'state', data }, row.last_seq, request.now);
      this.#counts.move(row.queue, 'queued', 'running');
    }
    return { jobs: picked.map(toClaimed), emptyLanes };
  }

  /** A suspect runs alone: its executor gets no neighbours for it either (claim-order.ts). */
  #isTaken({ executor, idle }: ClaimRequest): boolean {
    return !idle && this.#sql.runsSuspect.get(executor, MAX_CRASHES - 1) !== undefined;
  }

  end(ends: readonly JudgedEnd[]): Promise<readonly EndAnswer[]> {
    return this.#commit(() => ends.map((judged) => this.#ends.settle(judged)));
  }

  promote(now: number, limit: number): Promise<readonly Lane[]> {
    return this.#commit(() => {
      const due = this.#sql.due.all(now, limit);
      for (const row of due) {
        const data = stateEvent(row, 'queued', row.attempt);
        this.#sql.makeQueued.run(this.#writer.next, row.id);
        const id = String(row.id);
        this.#writer.write({ type: 'job', id, kind: 'state', data }, row.last_seq, now);
        this.#counts.move(row.queue, row.state, 'queued');
      }
      return due.map(({ queue, type }) => ({ queue, type }));
    });
  }

  async nextDue(): Promise<number | null> {
    return this.#sql.nextDue.get() ?? null;
  }

  cancel(id: string, now: number): Promise<CancelAnswer> {
    return this.#commit(() => {
      const row = this.#sql.live.get(keyOf(id));
      if (row === undefined) {
        const finished = this.#sql.finished.get(keyOf(id));
        return finished === undefined
          ? { kind: 'unknown' }
          : { kind: 'finished', state: finished.state };
      }
      if (row.state !== 'running') {
        this.#ends.cancelWaiting(row, now);
        return { kind: 'cancelled' };
      }
      this.#sql.requestCancel.run(row.id);
      const fence = { id, attempt: row.attempt };
      return { kind: 'requested', fence, executor: row.executor ?? '' };
    });
  }

  retry(id: string, now: number): Promise<RetryAnswer> {
    return this.#commit(() => {
      const row = this.#row(keyOf(id));
      if (row === undefined) return { kind: 'unknown' };
      if (row.state !== 'failed' && row.state !== 'cancelled') {
        return { kind: 'not-failed', state: row.state };
      }
      const holder =
        row.unique_key === null ? undefined : this.#sql.holderOfKey.get(row.type, row.unique_key);
      if (holder !== undefined) return { kind: 'key-taken', by: String(holder) };
      this.#ends.revive(row, now);
      return { kind: 'queued', lane: { queue: row.queue, type: row.type } };
    });
  }

  recordProgress(fence: Fence, progress: JobProgress, now: number): Promise<void> {
    return this.#commit(() => {
      const row = this.#sql.running.get(keyOf(fence.id), fence.attempt);
      if (row === undefined) return;
      this.#sql.progress.run(JSON.stringify(progress), this.#writer.next, row.id);
      const data = progressEvent(row, fence.attempt, progress);
      this.#writer.write({ type: 'job', id: fence.id, kind: 'state', data }, row.last_seq, now);
    });
  }

  recordGroup(fence: Fence, group: ProcessIdentity): Promise<void> {
    const { id, attempt } = fence;
    return this.#commit(
      () => void this.#sql.group.run(group.pid, group.startTime, keyOf(id), attempt),
    );
  }

  appendLogLines(lines: readonly NewLogLine[]): Promise<void> {
    return this.#commit(() => {
      for (const [id, own] of groupById(lines)) this.#appendTo(keyOf(id), own);
    });
  }

  #appendTo(key: number, lines: readonly NewLogLine[]): void {
    if (this.#sql.jobExists.get(key, key) === undefined) return;
    const kept = lines.slice(-MAX_LOG_LINES);
    // What is dropped on its way in has its number too: readers see from a hole that it was there.
    let n = (this.#sql.lastLogLine.get(key) ?? 0) + lines.length - kept.length;
    for (const { at, attempt, level, line } of kept) {
      n += 1;
      this.#sql.insertLogLine.run(key, n, at, attempt, level, line);
    }
    if (n > MAX_LOG_LINES) this.#sql.trimLogLines.run(key, n - MAX_LOG_LINES);
  }

  async get(id: string): Promise<JobRecord | undefined> {
    const row = this.#row(keyOf(id));
    return row && toJob(row);
  }

  async attempts(id: string): Promise<readonly AttemptRecord[]> {
    const row = this.#row(keyOf(id));
    if (row === undefined) return [];
    const own = ownAttempt(row);
    const earlier = this.#sql.attempts.all(row.id).map(toAttempt);
    return own === undefined ? earlier : [...earlier, own];
  }

  async logLines(id: string, after: number, limit: number): Promise<readonly JobLogLine[]> {
    return this.#sql.logLines.all(keyOf(id), after, limit).map(toLogLine);
  }

  async list(filter: ListFilter): Promise<JobPage> {
    return this.#list.page(filter);
  }

  async running(): Promise<readonly RunningJob[]> {
    return this.#sql.allRunning.all().map(toRunning);
  }

  async lanes(): Promise<readonly Lane[]> {
    return this.#sql.lanes.all();
  }

  rememberExecutor(id: string, process: ProcessIdentity): Promise<void> {
    return this.#commit(() => {
      // Once: those of an earlier core. One that is idle now may run a job the next moment.
      if (!this.#forgotten) this.#sql.forgetExecutors.run();
      this.#forgotten = true;
      this.#sql.rememberExecutor.run(id, process.pid, process.startTime);
    });
  }

  async executorProcess(id: string): Promise<ProcessIdentity | undefined> {
    const row = this.#sql.executor.get(id);
    return row && { pid: row.pid, startTime: row.start_time };
  }

  setPaused(queue: string, paused: boolean, now: number): Promise<void> {
    return this.#commit(() => {
      this.#sql.setPaused.run(queue, paused ? 1 : 0);
      const data = JSON.stringify([{ state: paused ? 'paused' : 'resumed' }]);
      this.#writer.append({ type: 'queue', id: queue, kind: 'event', data }, now);
    });
  }

  async queues(): Promise<readonly QueueCounts[]> {
    const paused = new Map(this.#sql.queues.all().map((row) => [row.name, row.paused === 1]));
    const counted = this.#counts.byQueue();
    const names = new Set(['default', ...paused.keys(), ...counted.keys()]);
    return [...names].sort().map((name) => ({
      name,
      paused: paused.get(name) ?? false,
      counts: { ...counted.get(name) },
    }));
  }

  async totals(): Promise<Readonly<Record<JobState, number>>> {
    const entries = JOB_STATES.map((state) => [state, this.#counts.total(state)] as const);
    return Object.fromEntries(entries) as Record<JobState, number>;
  }

  #row(key: number): JobRow | undefined {
    return this.#sql.unfinished.get(key) ?? this.#sql.finished.get(key);
  }
}

function groupById(lines: readonly NewLogLine[]): ReadonlyMap<string, readonly NewLogLine[]> {
  const groups = new Map<string, NewLogLine[]>();
  for (const line of lines) {
    const own = groups.get(line.id);
    if (own === undefined) groups.set(line.id, [line]);
    else own.push(line);
  }
  return groups;
}

type Fresh = Pick<JobRecord, 'id' | 'state' | 'runAt' | 'createdAt'>;

/** What a new job's row holds, without reading it back. Field by field: it is on the path of every add. */
function freshJob(job: NewJob, fresh: Fresh): JobRecord {
  return {
    id: fresh.id,
    type: job.type,
    queue: job.queue,
    state: fresh.state,
    reason: null,
    priority: job.priority,
    payload: job.payload,
    runAt: fresh.runAt,
    uniqueKey: job.uniqueKey,
    retries: job.retries,
    timeoutMs: job.timeoutMs,
    userId: job.userId,
    createdAt: fresh.createdAt,
    startedAt: null,
    endedAt: null,
    durationMs: null,
    attempt: 0,
    failures: 0,
    crashes: 0,
    cancelRequested: false,
    executor: null,
    result: null,
    error: null,
    progress: null,
  };
}

/**
 * The queue's store on SQLite. Carries out what `transitions.ts` and `claim-order.ts` decide; each
 * change writes its log rows in the same transaction.
 */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import type { Fence, ProcessIdentity } from '../../protocol/execute.ts';
import {
  type DependencyCounts,
  type Durability,
  JOB_STATES,
  type JobLogLine,
  type JobProgress,
  type JobState,
  type RelativesView,
} from '../../protocol/jobs.ts';
import type { Slice } from '../../protocol/slices.ts';
import type { QueueMode } from '../../protocol/status.ts';
import type { Commit } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import type { TextCipher } from '../../sqlite/text-cipher.ts';
import type { AttemptRecord, JobRecord, Lane, NewJob, NewLogLine, RunningJob } from '../job.ts';
import { modeEvent, progressEvent, stateEvent } from '../job-events.ts';
import {
  type AddGuard,
  type AddOutcome,
  type BulkChange,
  type BulkChangeAnswer,
  type CancelAnswer,
  type ClaimAnswer,
  type ClaimRequest,
  type EndAnswer,
  type EndedPage,
  type EndedRequest,
  type FinishedState,
  type JobPage,
  type JobStore,
  type JobsInTransaction,
  type JudgedEnd,
  type ListFilter,
  MAX_LOG_LINES,
  type QueueCounts,
  type RemovedEnded,
  type RetryAnswer,
  type RetryOptions,
  type ScanPage,
  type ScanRequest,
} from '../job-store.ts';
import { blocksOf, boundsOf, type LimitBlock, type LimitRules } from '../limits.ts';
import { DependencyReads } from './dependency-reads.ts';
import { FinishedPruning } from './finished-pruning.ts';
import { JobAdds } from './job-adds.ts';
import { JobBulk } from './job-bulk.ts';
import { JobChanges } from './job-changes.ts';
import { JobClaims } from './job-claims.ts';
import type { JobCounts } from './job-counts.ts';
import { JobDependencies } from './job-dependencies.ts';
import { JobEnds } from './job-ends.ts';
import { OsMark } from './job-ids.ts';
import { JobList } from './job-list.ts';
import {
  type JobRow,
  keyOf,
  laneOf,
  ownAttempt,
  toAttempt,
  toJob,
  toLogLine,
  toRunning,
} from './job-rows.ts';
import { JobScan } from './job-scan.ts';
import { type JobStatements, prepareJobStatements } from './job-statements.ts';
import { LaneWalk } from './lane-walk.ts';
import type { QueueModes } from './queue-modes.ts';
import { RunningRows } from './running-rows.ts';
import { SealedRows } from './sealed-rows.ts';
import type { SqliteLimitLedger } from './sqlite-limit-ledger.ts';
import { UniqueKeys } from './unique-keys.ts';

export interface SqliteJobStoreParts {
  readonly db: Database;
  readonly writer: LogWriter;
  readonly counts: JobCounts;
  readonly limits: SqliteLimitLedger;
  readonly modes: QueueModes;
  readonly commit: Commit;
  /** Omitted: everything is stored as it is. */
  readonly cipher?: TextCipher;
}

export class SqliteJobStore implements JobStore {
  readonly #sql: JobStatements;
  readonly #sealed: SealedRows;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;
  readonly #limits: SqliteLimitLedger;
  readonly #commit: Commit;
  readonly #adds: JobAdds;
  readonly #claims: JobClaims;
  readonly #ends: JobEnds;
  readonly #changes: JobChanges;
  readonly #list: JobList;
  readonly #walk: LaneWalk;
  readonly #scan: JobScan;
  readonly #bulk: JobBulk;
  readonly #pruning: FinishedPruning;
  readonly #modes: QueueModes;
  readonly #relatives: DependencyReads;
  /** For whoever changes jobs and something of its own together. */
  readonly inTransaction: JobsInTransaction;
  readonly #osMark: OsMark;
  #forgotten = false;

  constructor({ db, writer, counts, limits, modes, commit, cipher }: SqliteJobStoreParts) {
    this.#sql = prepareJobStatements(db);
    const sealed = new SealedRows(cipher);
    this.#sealed = sealed;
    this.#writer = writer;
    this.#counts = counts;
    this.#limits = limits;
    this.#modes = modes;
    this.#commit = commit;
    const unique = new UniqueKeys({ db, sql: this.#sql, writer, counts, sealed });
    const dependencies = new JobDependencies({ db, writer, counts });
    const common = { sql: this.#sql, writer, counts, unique, dependencies, sealed };
    const running = new RunningRows(this.#sql);
    this.#relatives = new DependencyReads(db, sealed);
    this.#adds = new JobAdds({ ...common, modes });
    this.#claims = new JobClaims({
      ...{ sql: this.#sql, writer, counts, limits, running, sealed },
      relatives: this.#relatives,
    });
    this.#ends = new JobEnds({ ...common, adds: this.#adds, running });
    this.#changes = new JobChanges({ sql: this.#sql, ends: this.#ends, dependencies });
    this.#list = new JobList(db, sealed);
    this.#walk = new LaneWalk(db);
    this.#scan = new JobScan(db, sealed);
    this.#pruning = new FinishedPruning(db, counts);
    const { sql, changes, pruning } = {
      sql: this.#sql,
      changes: this.#changes,
      pruning: this.#pruning,
    };
    this.#bulk = new JobBulk({ db, sql, writer, counts, changes, pruning, sealed });
    this.#osMark = new OsMark(db);
    this.inTransaction = {
      add: (jobs, now) => unlessRefused(this.#adds.add(jobs, now)),
      cancel: (id, now) => this.#changes.cancel(id, now),
      get: (id) => this.#find(id),
    };
  }

  add(jobs: readonly NewJob[], now: number): Promise<readonly AddOutcome[]> {
    return this.#adding(jobs, () => this.#adds.addIfOpen(jobs, now));
  }

  addOnce(
    jobs: readonly NewJob[],
    guard: AddGuard,
    now: number,
  ): Promise<readonly AddOutcome[] | 'other-jobs'> {
    return this.#adding(jobs, () => this.#adds.addOnce(jobs, guard, now));
  }

  async #adding<T>(jobs: readonly NewJob[], work: () => T | TaskbellError): Promise<T> {
    const os = leastOf(jobs) === 'os';
    return unlessRefused(await (os ? this.#osMark.add(this.#commit, work) : this.#commit(work)));
  }

  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#commit(() => this.#claims.claim(request), request.durability);
  }

  end(ends: readonly JudgedEnd[]): Promise<readonly EndAnswer[]> {
    return this.#commit(
      () =>
        ends.map((judged) => {
          const answer = this.#ends.settle(judged);
          if (answer.accepted) this.#limits.ended(answer.job);
          return answer;
        }),
      leastOf(ends),
    );
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
      return due.map(laneOf);
    });
  }

  async nextDue(): Promise<number | null> {
    return this.#sql.nextDue.get() ?? null;
  }

  cancel(id: string, now: number): Promise<CancelAnswer> {
    return this.#commit(() => this.#changes.cancel(id, now));
  }

  retry(id: string, now: number, options: RetryOptions = {}): Promise<RetryAnswer> {
    return this.#commit(() => this.#changes.retry(id, now, options));
  }

  recordProgress(fence: Fence, progress: JobProgress, now: number): Promise<void> {
    return this.#commit(() => {
      const row = this.#sql.running.get(keyOf(fence.id), fence.attempt);
      if (row === undefined) return;
      this.#sql.progress.run(
        this.#sealed.sealProgress(progress, row.id),
        this.#writer.next,
        row.id,
      );
      const data = progressEvent(row, fence.attempt, progress);
      this.#writer.write({ type: 'job', id: fence.id, kind: 'state', data }, row.last_seq, now);
    });
  }

  recordGroup(fence: Fence, group: ProcessIdentity): Promise<void> {
    const { id, attempt } = fence;
    // A machine that lost its power has no processes left to look for.
    return this.#commit(
      () => void this.#sql.group.run(group.pid, group.startTime, keyOf(id), attempt),
      'os',
    );
  }

  appendLogLines(lines: readonly NewLogLine[]): Promise<void> {
    // Nobody was told that they are kept.
    return this.#commit(() => {
      for (const [id, own] of groupById(lines)) this.#appendTo(keyOf(id), own);
    }, 'os');
  }

  #appendTo(key: number, lines: readonly NewLogLine[]): void {
    if (this.#sql.jobExists.get(key, key) === undefined) return;
    const kept = lines.slice(-MAX_LOG_LINES);
    // What is dropped on its way in has its number too: readers see from a hole that it was there.
    let n = (this.#sql.lastLogLine.get(key) ?? 0) + lines.length - kept.length;
    for (const { at, attempt, level, line } of kept) {
      n += 1;
      this.#sql.insertLogLine.run(key, n, at, attempt, level, this.#sealed.sealLine(line, key));
    }
    if (n > MAX_LOG_LINES) this.#sql.trimLogLines.run(key, n - MAX_LOG_LINES);
  }

  async get(id: string): Promise<JobRecord | undefined> {
    return this.#find(id);
  }

  async attempts(id: string): Promise<readonly AttemptRecord[]> {
    const row = this.#row(keyOf(id));
    if (row === undefined) return [];
    const own = ownAttempt(this.#sealed.job(row));
    const rows = this.#sql.attempts.all(row.id);
    const earlier = rows.map((one) => toAttempt(this.#sealed.attempt(one, row.id)));
    return own === undefined ? earlier : [...earlier, own];
  }

  async countDependencies(id: string): Promise<DependencyCounts | undefined> {
    return this.#relatives.count(id);
  }

  async relatives(id: string, limit: number): Promise<RelativesView> {
    return this.#relatives.relatives(id, limit);
  }

  async logLines(id: string, after: number, limit: number): Promise<readonly JobLogLine[]> {
    const key = keyOf(id);
    const rows = this.#sql.logLines.all(key, after, limit);
    return rows.map((row) => toLogLine(this.#sealed.line(row, key)));
  }

  async list(filter: ListFilter): Promise<JobPage> {
    return this.#list.page(filter);
  }

  async running(): Promise<readonly RunningJob[]> {
    return this.#sql.allRunning.all().map(toRunning);
  }

  async lanes(): Promise<readonly Lane[]> {
    const lanes: Lane[] = [];
    for (let row = this.#walk.afterQueue(''); row !== undefined; row = this.#walk.after(row)) {
      lanes.push(laneOf(row));
    }
    return lanes;
  }

  async blocksOf(lane: Lane, rules: LimitRules, now: number): Promise<readonly LimitBlock[]> {
    return blocksOf(boundsOf(lane, rules), this.#limits, now);
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

  setMode(queue: string, mode: QueueMode, now: number): Promise<void> {
    return this.#commit(() => {
      this.#modes.set(queue, mode);
      const data = modeEvent(mode);
      this.#writer.append({ type: 'queue', id: queue, kind: 'event', data }, now);
    });
  }

  async queues(): Promise<readonly QueueCounts[]> {
    const modes = this.#modes.all();
    const counted = this.#counts.byQueue();
    const names = new Set(['default', ...modes.keys(), ...counted.keys()]);
    return [...names].sort().map((name) => ({
      name,
      mode: modes.get(name) ?? 'open',
      counts: { ...counted.get(name) },
    }));
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    return this.#scan.page(request);
  }

  changeMany(ids: readonly string[], change: BulkChange): Promise<readonly BulkChangeAnswer[]> {
    return this.#commit(() => ids.map((id) => this.#bulk.change(id, change)));
  }

  async endedAfter(request: EndedRequest): Promise<EndedPage> {
    return this.#scan.endedAfter(request);
  }

  removeEnded(ids: readonly string[], slice?: Slice): Promise<RemovedEnded> {
    // Nobody was told that they are gone: after a power cut they may be there once more.
    return this.#commit(() => this.#pruning.removeSome(ids.map(keyOf), slice), 'os');
  }

  async kept(): Promise<Readonly<Record<FinishedState, number>>> {
    const kept = (state: FinishedState) => this.#counts.kept(state);
    return {
      succeeded: kept('succeeded'),
      failed: kept('failed'),
      cancelled: kept('cancelled'),
    };
  }

  async totals(): Promise<Readonly<Record<JobState, number>>> {
    const entries = JOB_STATES.map((state) => [state, this.#counts.total(state)] as const);
    return Object.fromEntries(entries) as Record<JobState, number>;
  }

  #find(id: string): JobRecord | undefined {
    const row = this.#row(keyOf(id));
    return row && toJob(this.#sealed.job(row));
  }

  #row(key: number): JobRow | undefined {
    return this.#sql.unfinished.get(key) ?? this.#sql.finished.get(key);
  }
}

/** What a commit must promise that holds all of these. */
function leastOf(all: readonly { readonly durability?: Durability }[]): Durability {
  return all.every(({ durability }) => durability === 'os') ? 'os' : 'disk';
}

function unlessRefused<T>(answer: T | TaskbellError): T {
  if (answer instanceof TaskbellError) throw answer;
  return answer;
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

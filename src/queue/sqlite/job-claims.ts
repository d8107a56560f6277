/**
 * Claims on SQLite, inside the running transaction: reads the lanes that `claim-order.ts` asks for and
 * starts what it picks.
 */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import { TaskbellError } from '../../protocol/errors.ts';
import { decideClaim } from '../claim-order.ts';
import type { ClaimedJob, Lane } from '../job.ts';
import { stateEvent } from '../job-events.ts';
import type { ClaimAnswer, ClaimRequest, UnreadableJob } from '../job-store.ts';
import type { DependencyReads } from './dependency-reads.ts';
import type { JobCounts } from './job-counts.ts';
import { hasFlag } from './job-flags.ts';
import { laneOf, NO_GROUP, toClaimed, toWaiting, type WaitingRow } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';
import type { RunningRows } from './running-rows.ts';
import type { SealedRows } from './sealed-rows.ts';
import type { SqliteLimitLedger } from './sqlite-limit-ledger.ts';

export interface JobClaimsParts {
  readonly sql: JobStatements;
  readonly writer: LogWriter;
  readonly counts: JobCounts;
  readonly limits: SqliteLimitLedger;
  readonly relatives: DependencyReads;
  readonly running: RunningRows;
  readonly sealed: SealedRows;
}

export class JobClaims {
  readonly #sql: JobStatements;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;
  readonly #limits: SqliteLimitLedger;
  readonly #relatives: DependencyReads;
  readonly #running: RunningRows;
  readonly #sealed: SealedRows;

  constructor({ sql, writer, counts, limits, relatives, running, sealed }: JobClaimsParts) {
    this.#sql = sql;
    this.#writer = writer;
    this.#counts = counts;
    this.#limits = limits;
    this.#relatives = relatives;
    this.#running = running;
    this.#sealed = sealed;
  }

  claim(request: ClaimRequest): ClaimAnswer {
    if (request.limit < 1 || this.#isTaken(request)) {
      return { jobs: [], emptyLanes: [], heldLanes: [] };
    }
    const { picked, spendings, ...lanes } = decideClaim(request, this.#limits, (lane, count) =>
      this.#read(lane, count),
    );
    for (const row of picked) this.#start(row, request);
    this.#limits.spend(spendings, request.now);
    return { ...this.#handOut(picked), ...lanes };
  }

  #read(lane: Lane, count: number): readonly WaitingRow[] {
    const { queue, type, group } = lane;
    const tuples = this.#sql.waiting.all(queue, type, group ?? NO_GROUP, count);
    return tuples.map((tuple) => toWaiting(tuple, lane));
  }

  /** What cannot be opened is told of, so that it ends and holds up nothing. */
  #handOut(picked: readonly WaitingRow[]): Pick<ClaimAnswer, 'jobs' | 'unreadable'> {
    const jobs: ClaimedJob[] = [];
    const unreadable: UnreadableJob[] = [];
    for (const row of picked) {
      try {
        jobs.push(this.#claimed(row));
      } catch (error) {
        if (!(error instanceof TaskbellError)) throw error;
        unreadable.push({ ...toClaimed(row), error });
      }
    }
    return unreadable.length === 0 ? { jobs } : { jobs, unreadable };
  }

  /** @throws TaskbellError E_KEY_FILE */
  #claimed(row: WaitingRow): ClaimedJob {
    const job = toClaimed(row, this.#sealed.openPayload(row.payload, row.type));
    if (!hasFlag(row.flags, 'hasDependencies')) return job;
    return { ...job, dependencies: this.#relatives.handDown(row.id) };
  }

  #start(row: WaitingRow, { executor, now }: ClaimRequest): void {
    const seq = this.#writer.next;
    this.#sql.start.run(executor, now, seq, row.id);
    this.#running.started(row, executor, now);
    const data = stateEvent(row, 'running', row.attempt + 1);
    const id = String(row.id);
    this.#writer.write({ type: 'job', id, kind: 'state', data }, row.last_seq, now);
    this.#counts.move(row.queue, 'queued', 'running');
    this.#limits.started(laneOf(row));
  }

  /** A suspect runs alone: its executor gets no neighbours for it either (claim-order.ts). */
  #isTaken({ executor, idle }: ClaimRequest): boolean {
    return !idle && this.#running.hasSuspect(executor);
  }
}

/**
 * Claims on SQLite, inside the running transaction: looks at the lanes, starts what `claim-order.ts`
 * picks.
 */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import { pickClaims } from '../claim-order.ts';
import type { Lane } from '../job.ts';
import { stateEvent } from '../job-events.ts';
import type { ClaimAnswer, ClaimRequest } from '../job-store.ts';
import { MAX_CRASHES } from '../transitions.ts';
import type { JobCounts } from './job-counts.ts';
import { NO_GROUP, toClaimed, type WaitingRow } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';

export class JobClaims {
  readonly #sql: JobStatements;
  readonly #writer: LogWriter;
  readonly #counts: JobCounts;

  constructor(sql: JobStatements, writer: LogWriter, counts: JobCounts) {
    this.#sql = sql;
    this.#writer = writer;
    this.#counts = counts;
  }

  claim(request: ClaimRequest): ClaimAnswer {
    if (request.limit < 1 || this.#isTaken(request)) return { jobs: [], emptyLanes: [] };
    const emptyLanes: Lane[] = [];
    const candidates = request.lanes.flatMap((lane) => {
      const rows = this.#sql.waiting.all(lane.queue, lane.type, lane.group ?? NO_GROUP, request.limit);
      if (rows.length === 0) emptyLanes.push(lane);
      return rows;
    });
    const picked = pickClaims(candidates, request);
    for (const row of picked) this.#start(row, request);
    return { jobs: picked.map(toClaimed), emptyLanes };
  }

  #start(row: WaitingRow, { executor, now }: ClaimRequest): void {
    const seq = this.#writer.next;
    this.#sql.start.run(executor, now, seq, row.id);
    const data = stateEvent(row, 'running', row.attempt + 1);
    const id = String(row.id);
    this.#writer.write({ type: 'job', id, kind: 'state', data }, row.last_seq, now);
    this.#counts.move(row.queue, 'queued', 'running');
  }

  /** A suspect runs alone: its executor gets no neighbours for it either (claim-order.ts). */
  #isTaken({ executor, idle }: ClaimRequest): boolean {
    return !idle && this.#sql.runsSuspect.get(executor, MAX_CRASHES - 1) !== undefined;
  }
}

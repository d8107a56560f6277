/** Changes of many jobs on SQLite, one by one, inside the running transaction. */
import type { LogWriter } from '../../log/sqlite/log-writer.ts';
import { isFinished } from '../../protocol/jobs.ts';
import type { Database } from '../../sqlite/database.ts';
import { stateEvent } from '../job-events.ts';
import { factsOf, fits } from '../job-filter.ts';
import type { BulkChange, BulkChangeAnswer } from '../job-store.ts';
import type { FinishedPruning } from './finished-pruning.ts';
import type { JobChanges } from './job-changes.ts';
import type { JobCounts } from './job-counts.ts';
import { type JobRow, keyOf, laneOf, toJob } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';
import type { SealedRows } from './sealed-rows.ts';

export interface JobBulkParts {
  readonly db: Database;
  readonly sql: JobStatements;
  readonly writer: LogWriter;
  readonly counts: JobCounts;
  readonly changes: JobChanges;
  readonly pruning: FinishedPruning;
  readonly sealed: SealedRows;
}

export class JobBulk {
  readonly #parts: JobBulkParts;
  readonly #move;

  constructor(parts: JobBulkParts) {
    this.#parts = parts;
    this.#move = parts.db.prepare<[string, number, number]>(
      'UPDATE jobs SET queue = ?, last_seq = ? WHERE id = ?',
    );
  }

  change(id: string, change: BulkChange): BulkChangeAnswer {
    const { sql, changes, sealed } = this.#parts;
    const key = keyOf(id);
    const row = sql.unfinished.get(key) ?? sql.finished.get(key);
    if (row === undefined) return { kind: 'unknown' };
    if (!fits(change.criteria, factsOf(toJob(sealed.job(row))))) return { kind: 'passed' };
    switch (change.verb) {
      case 'cancel':
        return changes.cancel(id, change.now);
      case 'retry':
        return changes.retry(id, change.now);
      case 'purge':
        return this.#purge(row, change.now);
      case 'move':
        return this.#moveTo(change.queue, row, change.now);
    }
  }

  #purge(row: JobRow, now: number): BulkChangeAnswer {
    const { changes, pruning } = this.#parts;
    if (row.state === 'running') return { kind: 'running' };
    if (!isFinished(row.state)) return changes.cancel(String(row.id), now);
    return { kind: pruning.remove(row.id) };
  }

  #moveTo(queue: string, row: JobRow, now: number): BulkChangeAnswer {
    const { sql, writer, counts } = this.#parts;
    const live = sql.live.get(row.id);
    if (live === undefined) return { kind: 'finished', state: row.state };
    if (live.state === 'running') return { kind: 'running' };
    const moved = { ...live, queue };
    if (live.queue !== queue) {
      this.#move.run(queue, writer.next, row.id);
      const data = stateEvent(moved, live.state, live.attempt);
      writer.write({ type: 'job', id: String(row.id), kind: 'state', data }, live.last_seq, now);
      counts.move(live.queue, live.state, null);
      counts.move(queue, null, live.state);
    }
    return { kind: 'moved', lane: live.state === 'queued' ? laneOf(moved) : null };
  }
}

/** What operators change about jobs on SQLite, inside the running transaction: cancel, retry. */
import type { CancelAnswer, RetryAnswer } from '../job-store.ts';
import { type JobEnds, releasing } from './job-ends.ts';
import { keyOf, laneOf } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';

export class JobChanges {
  readonly #sql: JobStatements;
  readonly #ends: JobEnds;

  constructor(sql: JobStatements, ends: JobEnds) {
    this.#sql = sql;
    this.#ends = ends;
  }

  cancel(id: string, now: number): CancelAnswer {
    const row = this.#sql.live.get(keyOf(id));
    if (row === undefined) {
      const finished = this.#sql.finished.get(keyOf(id));
      return finished === undefined
        ? { kind: 'unknown' }
        : { kind: 'finished', state: finished.state };
    }
    if (row.state !== 'running') {
      return { kind: 'cancelled', ...releasing(this.#ends.cancelWaiting(row, now)) };
    }
    this.#sql.requestCancel.run(row.id);
    const fence = { id, attempt: row.attempt };
    return { kind: 'requested', fence, executor: row.executor ?? '' };
  }

  retry(id: string, now: number): RetryAnswer {
    const key = keyOf(id);
    const row = this.#sql.unfinished.get(key) ?? this.#sql.finished.get(key);
    if (row === undefined) return { kind: 'unknown' };
    if (row.state !== 'failed' && row.state !== 'cancelled') {
      return { kind: 'not-failed', state: row.state };
    }
    const holder =
      row.unique_key === null ? undefined : this.#sql.holderOfKey.get(row.type, row.unique_key);
    if (holder !== undefined) return { kind: 'key-taken', by: String(holder) };
    this.#ends.revive(row, now);
    return { kind: 'queued', lane: laneOf(row) };
  }
}

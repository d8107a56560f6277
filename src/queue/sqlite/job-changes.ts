/** What operators change about jobs on SQLite, inside the running transaction: cancel, retry. */
import type { CancelAnswer, RetryAnswer, RetryOptions } from '../job-store.ts';
import type { JobDependencies } from './job-dependencies.ts';
import { type JobEnds, releasing } from './job-ends.ts';
import { type JobRow, keyOf, laneOf } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';

export interface JobChangesParts {
  readonly sql: JobStatements;
  readonly ends: JobEnds;
  readonly dependencies: JobDependencies;
}

export class JobChanges {
  readonly #sql: JobStatements;
  readonly #ends: JobEnds;
  readonly #dependencies: JobDependencies;

  constructor({ sql, ends, dependencies }: JobChangesParts) {
    this.#sql = sql;
    this.#ends = ends;
    this.#dependencies = dependencies;
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

  retry(id: string, now: number, options: RetryOptions = {}): RetryAnswer {
    const key = keyOf(id);
    const row = this.#sql.unfinished.get(key) ?? this.#sql.finished.get(key);
    if (row === undefined) return { kind: 'unknown' };
    if (row.state !== 'failed' && row.state !== 'cancelled') {
      return { kind: 'not-failed', state: row.state };
    }
    const holder = this.#holderOf(row);
    if (holder !== undefined) return { kind: 'key-taken', by: String(holder) };
    const state = this.#ends.revive(row, now);
    const many = options.dependents ? { dependents: this.#reviveDependents(row.id, now) } : {};
    return state === 'waiting'
      ? { kind: state, ...many }
      : { kind: state, lane: laneOf(row), ...many };
  }

  /** Those that ended for it wait for it again, and so on down; @returns how many. */
  #reviveDependents(id: number, now: number): number {
    const open = [id];
    // The list grows while it is walked.
    for (const next of open) {
      for (const dependent of this.#dependencies.revivable(next)) {
        const row = this.#sql.finished.get(dependent);
        if (row === undefined || this.#holderOf(row) !== undefined) continue;
        this.#ends.revive(row, now);
        open.push(dependent);
      }
    }
    return open.length - 1;
  }

  #holderOf({ type, unique_key }: JobRow): number | undefined {
    return unique_key === null ? undefined : this.#sql.holderOfKey.get(type, unique_key);
  }
}

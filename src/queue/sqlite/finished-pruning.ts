/**
 * Removes records of ended jobs on SQLite with all that belongs to them, inside the running transaction.
 * Leaves their rows in the log, and every record that an unfinished job still depends on.
 */
import { type Slice, WITHOUT_END } from '../../protocol/slices.ts';
import type { Database } from '../../sqlite/database.ts';
import type { FinishedState, RemovedEnded } from '../job-store.ts';
import { IS_NEEDED } from './dependency-statements.ts';
import type { JobCounts } from './job-counts.ts';

export class FinishedPruning {
  readonly #sql: ReturnType<typeof prepareStatements>;
  readonly #counts: JobCounts;

  constructor(db: Database, counts: JobCounts) {
    this.#sql = prepareStatements(db);
    this.#counts = counts;
  }

  removeSome(keys: readonly number[], slice: Slice = WITHOUT_END): RemovedEnded {
    const isOver = slice();
    let removed = 0;
    for (const [index, key] of keys.entries()) {
      if (this.remove(key) === 'removed') removed += 1;
      if (isOver()) return { looked: index + 1, removed };
    }
    return { looked: keys.length, removed };
  }

  remove(key: number): 'removed' | 'needed' | 'unknown' {
    const state = this.#sql.remove.get(key);
    if (state === undefined) {
      return this.#sql.exists.get(key) === undefined ? 'unknown' : 'needed';
    }
    this.#sql.attempts.run(key);
    this.#sql.logLines.run(key);
    this.#sql.dependencies.run(key);
    this.#counts.remove(state);
    return 'removed';
  }
}

function prepareStatements(db: Database) {
  return {
    remove: db
      .prepare<[number], FinishedState>(
        `DELETE FROM finished_jobs WHERE id = ? AND NOT ${IS_NEEDED} RETURNING state`,
      )
      .pluck(),
    exists: db.prepare<[number], number>('SELECT 1 FROM finished_jobs WHERE id = ?').pluck(),
    attempts: db.prepare<[number]>('DELETE FROM attempts WHERE job_id = ?'),
    logLines: db.prepare<[number]>('DELETE FROM job_logs WHERE job_id = ?'),
    dependencies: db.prepare<[number]>('DELETE FROM dependencies WHERE job_id = ?'),
  };
}

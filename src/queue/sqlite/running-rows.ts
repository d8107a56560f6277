/**
 * Running jobs as their claims read them: an end reads again only what may have changed since.
 *
 * A cache and no truth: whether the attempt is current is asked of the database each time, so that an
 * entry left over from a transaction that was rolled back does no harm.
 */
import { MAX_CRASHES } from '../transitions.ts';
import type { LiveRow, WaitingRow } from './job-rows.ts';
import type { JobStatements } from './job-statements.ts';

type Changing = 'cancel_requested' | 'flags' | 'last_seq';
type Known = Omit<LiveRow, Changing> & { -readonly [K in Changing]: LiveRow[K] };

export class RunningRows {
  readonly #sql: JobStatements;
  readonly #known = new Map<number, Known>();
  /** Executors that may run a suspect; those of an earlier core are not known. */
  readonly #maySuspect = new Set<string>();

  constructor(sql: JobStatements) {
    this.#sql = sql;
    for (const executor of sql.suspectExecutors.all(MAX_CRASHES - 1))
      this.#maySuspect.add(executor);
  }

  started(row: WaitingRow, executor: string, now: number): void {
    if (row.crashes >= MAX_CRASHES - 1) this.#maySuspect.add(executor);
    this.#known.set(row.id, {
      id: row.id,
      type: row.type,
      queue: row.queue,
      state: 'running',
      retries: row.retries,
      user_id: row.user_id,
      attempt: row.attempt + 1,
      failures: row.failures,
      crashes: row.crashes,
      cancel_requested: 0,
      executor,
      started_at: now,
      group_key: row.group_key,
      flags: row.flags,
      options: row.options,
      last_seq: 0,
    });
  }

  /** Undefined when the attempt is not the current one. */
  get(id: number, attempt: number): LiveRow | undefined {
    const known = this.#known.get(id);
    if (known?.attempt !== attempt) return this.#sql.running.get(id, attempt);
    const changing = this.#sql.runningChanges.get(id, attempt);
    if (changing === undefined) return undefined;
    [known.cancel_requested, known.flags, known.last_seq] = changing;
    return known;
  }

  /** As `get`, for the last time. */
  take(id: number, attempt: number): LiveRow | undefined {
    const row = this.get(id, attempt);
    this.#known.delete(id);
    return row;
  }

  /** True while the executor runs a job that is one crash short of quarantine. */
  hasSuspect(executor: string): boolean {
    if (!this.#maySuspect.has(executor)) return false;
    const found = this.#sql.runsSuspect.get(executor, MAX_CRASHES - 1) !== undefined;
    if (!found) this.#maySuspect.delete(executor);
    return found;
  }
}

/**
 * Appends rows to the log inside the running transaction, and tells listeners after its commit.
 *
 * Synchronous on purpose: whoever changes state calls it in the same transaction. Numbers the rows
 * itself; a rollback takes the numbers back, so the log has no holes that were never committed.
 */

import type { Participant } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import type { LogKind, LogRow, NewRow } from '../event-log.ts';

export const KIND_NUMBERS: Readonly<Record<LogKind, number>> = { event: 0, state: 1, end: 2 };

type Bound = [number, number, string, string, number | null, number, string, string | null];

export class LogWriter implements Participant {
  readonly #insert;
  readonly #lastOfTopic;
  readonly #listeners = new Set<(rows: readonly LogRow[]) => void>();
  #committedTop: number;
  #top: number;
  #pending: LogRow[] = [];

  constructor(db: Database) {
    this.#insert = db.prepare<Bound>(
      'INSERT INTO log (seq, at, type, id, prev, kind, data, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#lastOfTopic = db
      .prepare<[string, string], number>(
        'SELECT seq FROM log WHERE type = ? AND id = ? ORDER BY seq DESC LIMIT 1',
      )
      .pluck();
    this.#top = lastSeq(db);
    this.#committedTop = this.#top;
  }

  /** The last committed position. */
  get top(): number {
    return this.#committedTop;
  }

  /** The number that the next row gets. */
  get next(): number {
    return this.#top + 1;
  }

  /** Appends a row whose topic's previous row is looked up. */
  append(row: NewRow, now: number): LogRow {
    return this.write(row, this.#lastOfTopic.get(row.type, row.id) ?? null, now);
  }

  /** Appends a row whose topic's previous row the caller knows. */
  write(row: NewRow, prev: number | null, now: number): LogRow {
    const seq = this.next;
    const detail = row.detail === undefined ? null : JSON.stringify(row.detail);
    this.#insert.run(seq, now, row.type, row.id, prev, KIND_NUMBERS[row.kind], row.data, detail);
    this.#top = seq;
    const appended: LogRow = {
      type: row.type,
      id: row.id,
      seq: String(seq),
      prev: prev === null ? null : String(prev),
      at: now,
      kind: row.kind,
      data: row.data,
    };
    this.#pending.push(appended);
    return appended;
  }

  onAppended(listener: (rows: readonly LogRow[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  afterCommit(): void {
    this.#committedTop = this.#top;
    const rows = this.#pending;
    if (rows.length === 0) return;
    this.#pending = [];
    for (const listener of this.#listeners) listener(rows);
  }

  afterRollback(): void {
    this.#top = this.#committedTop;
    this.#pending = [];
  }
}

/** sqlite_sequence remembers the highest number ever given, even when its row was pruned. */
function lastSeq(db: Database): number {
  const seq = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'log'").pluck().get();
  return Number(seq ?? 0);
}

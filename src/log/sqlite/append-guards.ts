/**
 * Appends that may be repeated: what each was answered with, by the key that its sender chose, for a day.
 *
 * Keeps no data: the repeat brings the same again. Runs inside of the running transaction.
 */
import type { Database } from '../../sqlite/database.ts';
import {
  APPEND_GUARD_LIFETIME_MS,
  type AppendGuard,
  isKept,
  type LiveRow,
  type NewRow,
} from '../event-log.ts';

/** Of each row its number and that of the one before it on its topic; null for a row that was live only. */
type Answer = readonly [seq: string, prev: string | null] | null;

interface GuardRow {
  readonly at: number;
  readonly fingerprint: string;
  readonly answers: string;
}

export class AppendGuards {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = prepareStatements(db);
  }

  /** Undefined where the key is new. */
  answerOf(
    rows: readonly NewRow[],
    { key, fingerprint }: AppendGuard,
  ): readonly LiveRow[] | 'other-rows' | undefined {
    const known = this.#statements.find.get(key);
    if (known === undefined) return undefined;
    if (known.fingerprint !== fingerprint) return 'other-rows';
    const answers = JSON.parse(known.answers) as readonly Answer[];
    return rows.map((row, index) => toRow(row, answers[index] ?? null, known.at));
  }

  remember({ key, fingerprint }: AppendGuard, rows: readonly LiveRow[], now: number): void {
    const answers = rows.map((row): Answer => (isKept(row) ? [row.seq, row.prev] : null));
    this.#statements.insert.run(key, now, fingerprint, JSON.stringify(answers));
    this.#statements.forget.run(now - APPEND_GUARD_LIFETIME_MS);
  }
}

function toRow({ type, id, kind, data }: NewRow, answer: Answer, at: number): LiveRow {
  if (answer === null) return { type, id, seq: null, prev: null, at, kind, data };
  const [seq, prev] = answer;
  return { type, id, seq, prev, at, kind, data };
}

function prepareStatements(db: Database) {
  return {
    find: db.prepare<[string], GuardRow>(
      'SELECT at, fingerprint, answers FROM append_guards WHERE key = ?',
    ),
    insert: db.prepare<[string, number, string, string]>(
      'INSERT INTO append_guards (key, at, fingerprint, answers) VALUES (?, ?, ?, ?)',
    ),
    // A few at a time: as many as come, and no long transaction after a busy day.
    forget: db.prepare<[number]>(`DELETE FROM append_guards WHERE key IN
      (SELECT key FROM append_guards WHERE at < ? ORDER BY at LIMIT 10)`),
  };
}

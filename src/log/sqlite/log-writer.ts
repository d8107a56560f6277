/**
 * Appends rows to the log inside the running transaction, and tells listeners after its commit.
 *
 * Synchronous on purpose: whoever changes state calls it in the same transaction. Numbers the rows
 * itself; a rollback takes the numbers back, so the log has no holes that were never committed.
 * The rows are kept until the transaction's last moment and stored together (segment.ts): nobody
 * reads the log in between. Whoever else appends in `beforeCommit` joins before this one.
 */

import type { Participant } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import { PLAIN_TEXT, type TextCipher } from '../../sqlite/text-cipher.ts';
import type { IsVolatile, LiveRow, LogRow, NewRow, VolatileRow } from '../event-log.ts';
import { lastSeq } from './log-position.ts';
import { LogTypes } from './log-types.ts';
import { type Appended, cutSegments, JOB_TYPE, type Segment, toOneLine } from './segment.ts';

/** Where the log stands. */
interface State {
  readonly top: number;
  /** Rows and ends since the log began; what was pruned counts too. */
  readonly counted: number;
  readonly ended: number;
}

/** A row that is only live, and how many of the rows to store come before it. */
interface Passing {
  readonly row: VolatileRow;
  readonly after: number;
}

const ALL_KEPT: IsVolatile = () => false;

/** More topics than that are looked up anew. */
const MAX_TOPICS = 20_000;

export class LogWriter implements Participant {
  readonly #statements;
  readonly #cipher: TextCipher;
  readonly #isVolatile: IsVolatile;
  readonly #listeners = new Set<(rows: readonly LogRow[]) => void>();
  readonly #liveListeners = new Set<(rows: readonly LiveRow[]) => void>();
  /** How much of each type is kept; changes with the transaction. */
  readonly types: LogTypes;
  #committed: State;
  #state: State;
  #next: number;
  #pending: Appended[] = [];
  #passing: Passing[] = [];
  #stored = false;
  /** The newest row of topics that were appended to lately, by type and id. */
  readonly #newest = new Map<string, Map<string, number>>();
  #topics = 0;

  constructor(db: Database, cipher: TextCipher = PLAIN_TEXT, isVolatile = ALL_KEPT) {
    this.#cipher = cipher;
    this.#isVolatile = isVolatile;
    this.types = new LogTypes(db);
    this.#statements = prepareStatements(db);
    const stored = this.#statements.counts.get() ?? { counted: 0, ended: 0 };
    this.#committed = { top: lastSeq(db), ...stored };
    this.#state = this.#committed;
    this.#next = this.#committed.top + 1;
  }

  /** The last committed position. */
  get top(): number {
    return this.#committed.top;
  }

  /** How many rows were ever committed. */
  get counted(): number {
    return this.#committed.counted;
  }

  /** The number that the next row gets. */
  get next(): number {
    return this.#next;
  }

  /** Appends a row whose topic's previous row is looked up; one of a type that is only live passes by. */
  append(row: NewRow, now: number): LiveRow {
    if (this.#isVolatile(row.type)) return this.#pass(row, now);
    return this.write(row, this.#newestOf(row), now);
  }

  /** Appends a row whose topic's previous row the caller knows. */
  write(row: NewRow, prev: number | null, now: number): LogRow {
    if (this.#stored) throw new Error('The log was stored already: join the writer last.');
    const { type, id, kind } = row;
    const seq = this.#next;
    const appended: LogRow = {
      type,
      id,
      seq: String(seq),
      prev: prev === null ? null : String(prev),
      at: now,
      kind,
      data: toOneLine(row.data),
    };
    this.#next = seq + 1;
    this.#pending.push({ row: appended, detail: row.detail });
    this.#remember(type, id, seq);
    if (type !== JOB_TYPE) this.types.add(type);
    return appended;
  }

  #pass({ type, id, kind, data }: NewRow, now: number): VolatileRow {
    const row = { type, id, seq: null, prev: null, at: now, kind, data: toOneLine(data) };
    this.#passing.push({ row, after: this.#pending.length });
    return row;
  }

  onAppended(listener: (rows: readonly LogRow[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onLive(listener: (rows: readonly LiveRow[]) => void): () => void {
    this.#liveListeners.add(listener);
    return () => this.#liveListeners.delete(listener);
  }

  /** Rows were removed: what is known of topics may be gone. */
  forgetTopics(): void {
    this.#newest.clear();
    this.#topics = 0;
    // Not in the table yet, so nowhere else to be found.
    for (const { row } of this.#pending) this.#remember(row.type, row.id, Number(row.seq));
  }

  beforeCommit(): void {
    this.#stored = true;
    this.types.beforeCommit();
    if (this.#pending.length === 0) return;
    for (const segment of cutSegments(this.#pending)) this.#store(segment);
    for (const { row } of this.#pending) this.#storeTopic(row);
  }

  afterCommit(): void {
    this.#stored = false;
    this.#committed = this.#state;
    this.types.afterCommit();
    if (this.#pending.length === 0 && this.#passing.length === 0) return;
    const pending = this.#pending;
    const passing = this.#passing;
    this.#pending = [];
    this.#passing = [];
    if (this.#topics > MAX_TOPICS) this.forgetTopics();
    if (this.#listeners.size === 0 && this.#liveListeners.size === 0) return;
    const rows = pending.map(({ row }) => row);
    if (rows.length > 0) for (const listener of this.#listeners) listener(rows);
    const live = withPassing(rows, passing);
    for (const listener of this.#liveListeners) listener(live);
  }

  afterRollback(): void {
    this.#stored = false;
    this.#state = this.#committed;
    this.#next = this.#committed.top + 1;
    this.#pending = [];
    this.#passing = [];
    this.types.afterRollback();
    this.forgetTopics();
  }

  #store({ first, last, at, ends, low, high, types, rows }: Segment): void {
    const counted = this.#state.counted + last - first + 1;
    const ended = this.#state.ended + ends;
    const text = this.#cipher.seal(rows, 'rows', last);
    this.#statements.insert.run(last, first, at, ends, ended, counted, low, high, types, text);
    this.#state = { top: last, counted, ended };
  }

  #storeTopic({ type, id, seq }: LogRow): void {
    const newest = this.#newest.get(type)?.get(id);
    if (newest === Number(seq)) this.#statements.saveTopic.run(type, id, newest);
  }

  #newestOf({ type, id }: NewRow): number | null {
    return this.#newest.get(type)?.get(id) ?? this.#statements.newest.get(type, id) ?? null;
  }

  #remember(type: string, id: string, seq: number): void {
    if (type === JOB_TYPE) return;
    let ids = this.#newest.get(type);
    if (ids === undefined) {
      ids = new Map();
      this.#newest.set(type, ids);
    }
    if (!ids.has(id)) this.#topics += 1;
    ids.set(id, seq);
  }
}

/** The very array that was given when nothing passes by. */
function withPassing(rows: readonly LogRow[], passing: readonly Passing[]): readonly LiveRow[] {
  if (passing.length === 0) return rows;
  const live: LiveRow[] = [];
  let at = 0;
  for (const { row, after } of passing) {
    live.push(...rows.slice(at, after), row);
    at = after;
  }
  return live.concat(rows.slice(at));
}

function prepareStatements(db: Database) {
  return {
    insert: db.prepare<unknown[]>(
      `INSERT INTO log (last, first, at, ends, ended, counted, low, high, types, rows)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    saveTopic: db.prepare<[string, string, number]>(
      `INSERT INTO log_topics (type, id, newest) VALUES (?, ?, ?)
       ON CONFLICT (type, id) DO UPDATE SET newest = excluded.newest`,
    ),
    newest: db
      .prepare<[string, string], number>('SELECT newest FROM log_topics WHERE type = ? AND id = ?')
      .pluck(),
    counts: db.prepare<[], Pick<State, 'counted' | 'ended'>>(
      'SELECT counted, ended FROM log ORDER BY last DESC LIMIT 1',
    ),
  };
}

/** The event log on SQLite. Reads are immediate, changes go through the group commit. */
import type { Commit } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import type {
  EndDetail,
  EndRow,
  EventLog,
  LogKind,
  LogRow,
  NewRow,
  ReadRequest,
} from '../event-log.ts';
import { KIND_NUMBERS, type LogWriter } from './log-writer.ts';

interface StoredRow {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly id: string;
  readonly prev: number | null;
  readonly kind: number;
  readonly data: string;
  readonly detail: string | null;
}

const COLUMNS = 'seq, at, type, id, prev, kind, data, detail';
const KINDS = Object.fromEntries(
  Object.entries(KIND_NUMBERS).map(([kind, number]) => [number, kind as LogKind]),
);

type Statements = ReturnType<typeof prepareStatements>;

export class SqliteEventLog implements EventLog {
  readonly epoch: string;
  readonly #statements: Statements;
  readonly #writer: LogWriter;
  readonly #commit: Commit;

  constructor(db: Database, writer: LogWriter, commit: Commit) {
    this.#statements = prepareStatements(db);
    this.#writer = writer;
    this.#commit = commit;
    this.epoch = String(db.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck().get());
  }

  append(rows: readonly NewRow[], now: number): Promise<readonly LogRow[]> {
    return this.#commit(() => rows.map((row) => this.#writer.append(row, now)));
  }

  async read(request: ReadRequest): Promise<readonly LogRow[]> {
    const after = positionOf(request.after);
    const { all, ofType, ofTopic } = this.#statements;
    const { type, id, limit } = request;
    if (type === undefined) return all.all(after, limit).map(toRow);
    if (id === undefined) return ofType.all(type, after, limit).map(toRow);
    return ofTopic.all(type, id, after, limit).map(toRow);
  }

  async readEnds(after: string, limit: number): Promise<readonly EndRow[]> {
    return this.#statements.ends.all(positionOf(after), limit).map(toEndRow);
  }

  async countEnds(after: string): Promise<number> {
    return this.#statements.countEnds.get(positionOf(after)) ?? 0;
  }

  top(): string {
    return String(this.#writer.top);
  }

  oldest(): string {
    return String(this.#statements.oldest.get() ?? 0);
  }

  holds(position: string): boolean {
    const after = positionOf(position);
    if (!Number.isSafeInteger(after) || after < 0 || after > this.#writer.top) return false;
    const oldest = Number(this.oldest());
    return after === this.#writer.top || (oldest > 0 && after + 1 >= oldest);
  }

  async cursor(name: string): Promise<string> {
    return String(this.#statements.cursor.get(name) ?? 0);
  }

  moveCursor(name: string, to: string): Promise<void> {
    return this.#commit(() => void this.#statements.moveCursor.run(name, positionOf(to)));
  }

  onAppended(listener: (rows: readonly LogRow[]) => void): () => void {
    return this.#writer.onAppended(listener);
  }
}

function prepareStatements(db: Database) {
  const select = `SELECT ${COLUMNS} FROM log WHERE`;
  const end = `kind = ${KIND_NUMBERS.end}`;
  return {
    all: db.prepare<[number, number], StoredRow>(`${select} seq > ? ORDER BY seq LIMIT ?`),
    ofType: db.prepare<[string, number, number], StoredRow>(
      // The unary plus keeps SQLite on the rowid: by the topic index it would have to sort.
      `${select} +type = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    ofTopic: db.prepare<[string, string, number, number], StoredRow>(
      `${select} type = ? AND id = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    ends: db.prepare<[number, number], StoredRow>(
      `${select} ${end} AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    countEnds: db
      .prepare<[number], number>(`SELECT count(*) FROM log WHERE ${end} AND seq > ?`)
      .pluck(),
    oldest: db.prepare<[], number>('SELECT min(seq) FROM log').pluck(),
    cursor: db.prepare<[string], number>('SELECT position FROM cursors WHERE name = ?').pluck(),
    moveCursor: db.prepare<[string, number]>(
      `INSERT INTO cursors (name, position) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
    ),
  };
}

/** NaN for what is no position of this log, which no row is greater than. */
function positionOf(cursor: string): number {
  return /^\d{1,15}$/.test(cursor) ? Number(cursor) : Number.NaN;
}

function toRow(stored: StoredRow): LogRow {
  return {
    type: stored.type,
    id: stored.id,
    seq: String(stored.seq),
    prev: stored.prev === null ? null : String(stored.prev),
    at: stored.at,
    kind: KINDS[stored.kind] ?? 'event',
    data: stored.data,
  };
}

function toEndRow(stored: StoredRow): EndRow {
  const detail: EndDetail =
    stored.detail === null ? { userId: null, error: null } : JSON.parse(stored.detail);
  return { ...toRow(stored), detail };
}

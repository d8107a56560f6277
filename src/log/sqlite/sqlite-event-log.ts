/** The event log on SQLite. Reads are immediate, changes go through the group commit. */
import type { Commit } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import { PLAIN_TEXT, type TextCipher } from '../../sqlite/text-cipher.ts';
import type { EndRow, EventLog, LogRow, NewRow, PruneRequest, ReadRequest } from '../event-log.ts';
import { LogPruning } from './log-pruning.ts';
import type { LogWriter } from './log-writer.ts';
import { isEnd, linesAfter, parseEnd, parseRow, type StoredSegment } from './segment.ts';
import { TopicReader } from './topic-reader.ts';

interface CountedSegment extends StoredSegment {
  readonly ended: number;
}

type Statements = ReturnType<typeof prepareStatements>;

export class SqliteEventLog implements EventLog {
  readonly epoch: string;
  readonly #statements: Statements;
  readonly #topics: TopicReader;
  readonly #pruning: LogPruning;
  readonly #writer: LogWriter;
  readonly #commit: Commit;
  readonly #cipher: TextCipher;

  constructor(db: Database, writer: LogWriter, commit: Commit, cipher: TextCipher = PLAIN_TEXT) {
    this.#statements = prepareStatements(db);
    this.#topics = new TopicReader(db, () => writer.top, cipher);
    this.#pruning = new LogPruning(db, writer, cipher);
    this.#writer = writer;
    this.#commit = commit;
    this.#cipher = cipher;
    this.epoch = String(db.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck().get());
  }

  append(rows: readonly NewRow[], now: number): Promise<readonly LogRow[]> {
    return this.#commit(() => rows.map((row) => this.#writer.append(row, now)));
  }

  async read({ after, limit, type, id }: ReadRequest): Promise<readonly LogRow[]> {
    const position = positionOf(after);
    if (Number.isNaN(position)) return [];
    if (type !== undefined) return this.#topics.read({ type, id, after: position, limit });
    const rows: LogRow[] = [];
    for (const segment of this.#statements.all.iterate(position)) {
      for (const line of linesAfter(segment, position, this.#cipher)) {
        if (rows.length === limit) return rows;
        rows.push(parseRow(line));
      }
    }
    return rows;
  }

  async readEnds(after: string, limit: number): Promise<readonly EndRow[]> {
    const position = positionOf(after);
    const ends: EndRow[] = [];
    for (const segment of this.#statements.withEnds.iterate(position)) {
      for (const line of linesAfter(segment, position, this.#cipher)) {
        if (!isEnd(line)) continue;
        if (ends.length === limit) return ends;
        ends.push(parseEnd(line));
      }
    }
    return ends;
  }

  /** By the running count that each segment carries: what lies in between is not read. */
  async countEnds(after: string): Promise<number> {
    const position = positionOf(after);
    const total = this.#statements.ended.get();
    const segment = this.#statements.counted.get(position);
    if (total === undefined || segment === undefined) return 0;
    let left = 0;
    for (const line of linesAfter(segment, position, this.#cipher)) if (isEnd(line)) left += 1;
    return total - segment.ended + left;
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

  prune(request: PruneRequest): Promise<number> {
    return this.#commit(() => this.#pruning.prune(request));
  }

  onAppended(listener: (rows: readonly LogRow[]) => void): () => void {
    return this.#writer.onAppended(listener);
  }
}

function prepareStatements(db: Database) {
  const select = 'SELECT first, last, at, rows FROM log WHERE last > ?';
  return {
    all: db.prepare<[number], StoredSegment>(`${select} ORDER BY last`),
    withEnds: db.prepare<[number], StoredSegment>(`${select} AND ends > 0 ORDER BY last`),
    counted: db.prepare<[number], CountedSegment>(
      'SELECT first, last, at, ended, rows FROM log WHERE last > ? ORDER BY last LIMIT 1',
    ),
    ended: db.prepare<[], number>('SELECT ended FROM log ORDER BY last DESC LIMIT 1').pluck(),
    oldest: db.prepare<[], number>('SELECT first FROM log ORDER BY last LIMIT 1').pluck(),
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

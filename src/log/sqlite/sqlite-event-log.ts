/** The event log on SQLite. Reads are immediate, changes go through the group commit. */
import type { Topic } from '../../protocol/events.ts';
import type { Commit } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import { PLAIN_TEXT, type TextCipher } from '../../sqlite/text-cipher.ts';
import type {
  AppendGuard,
  EndRow,
  EventLog,
  LiveRow,
  LogRow,
  NamedCursor,
  NewRow,
  PrunedType,
  PruneRequest,
  PruneTypeRequest,
  ReadRequest,
} from '../event-log.ts';
import { AppendGuards } from './append-guards.ts';
import { prepareFloor } from './log-position.ts';
import { LogPruning } from './log-pruning.ts';
import type { LogWriter } from './log-writer.ts';
import { isEnd, linesAfter, parseEnd, parseRow, type StoredSegment } from './segment.ts';
import { TopicReader } from './topic-reader.ts';
import { TypePruning } from './type-pruning.ts';

interface CountedSegment extends StoredSegment {
  readonly ended: number;
}

type Statements = ReturnType<typeof prepareStatements>;

/** A limit that is none, as SQLite has it. */
const EVERY = -1;

export class SqliteEventLog implements EventLog {
  readonly epoch: string;
  readonly #statements: Statements;
  readonly #topics: TopicReader;
  readonly #pruning: LogPruning;
  readonly #typePruning: TypePruning;
  readonly #guards: AppendGuards;
  /** Up to where no row of a type is left that its bounds let go. */
  readonly #looked = new Map<string, number>();
  readonly #writer: LogWriter;
  readonly #commit: Commit;
  readonly #cipher: TextCipher;

  constructor(db: Database, writer: LogWriter, commit: Commit, cipher: TextCipher = PLAIN_TEXT) {
    this.#statements = prepareStatements(db);
    this.#topics = new TopicReader(db, () => writer.top, cipher);
    this.#pruning = new LogPruning(db, writer, cipher);
    this.#typePruning = new TypePruning(db, writer, cipher);
    this.#guards = new AppendGuards(db);
    this.#writer = writer;
    this.#commit = commit;
    this.#cipher = cipher;
    this.epoch = String(db.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck().get());
  }

  append(rows: readonly NewRow[], now: number): Promise<readonly LiveRow[]> {
    return this.#commit(() => rows.map((row) => this.#writer.append(row, now)));
  }

  appendOnce(
    rows: readonly NewRow[],
    guard: AppendGuard,
    now: number,
  ): Promise<readonly LiveRow[] | 'other-rows'> {
    return this.#commit(() => {
      const answer = this.#guards.answerOf(rows, guard);
      if (answer !== undefined) return answer;
      const appended = rows.map((row) => this.#writer.append(row, now));
      this.#guards.remember(guard, appended, now);
      return appended;
    });
  }

  async read({ after, limit, type, id }: ReadRequest): Promise<readonly LogRow[]> {
    const position = positionOf(after);
    if (Number.isNaN(position)) return [];
    if (type !== undefined) {
      return this.#linked(await this.#topics.read({ type, id, after: position, limit }));
    }
    const rows: LogRow[] = [];
    for (const segment of this.#statements.all.iterate(position)) {
      for (const line of linesAfter(segment, position, this.#cipher)) {
        if (rows.length === limit) return this.#linked(rows);
        rows.push(parseRow(line));
      }
    }
    return this.#linked(rows);
  }

  /** What a row leads to may have gone before it: then it is the first of its topic that the log holds. */
  #linked(rows: readonly LogRow[]): readonly LogRow[] {
    const { types } = this.#writer;
    if (types.gone() === 0) return rows;
    return rows.map((row) =>
      row.prev !== null && Number(row.prev) <= types.gone([row.type])
        ? { ...row, prev: null }
        : row,
    );
  }

  async newest(topic: Topic): Promise<LogRow | undefined> {
    const row = await this.#topics.newest(topic);
    return row === undefined ? undefined : this.#linked([row])[0];
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

  gone(types?: readonly string[]): string {
    return String(this.#writer.types.gone(types));
  }

  holds(position: string, types?: readonly string[]): boolean {
    const after = positionOf(position);
    if (after < this.#writer.types.gone(types)) return false;
    if (!Number.isSafeInteger(after) || after < 0 || after > this.#writer.top) return false;
    return after === this.#writer.top || after >= this.#floor();
  }

  #floor(): number {
    const noted = this.#statements.floor.get();
    if (noted !== undefined) return Number(noted);
    const oldest = Number(this.oldest());
    return oldest === 0 ? this.#writer.top : oldest - 1;
  }

  async cursor(name: string): Promise<string> {
    return String(this.#statements.cursor.get(name) ?? 0);
  }

  moveCursor(name: string, to: string): Promise<void> {
    return this.#commit(() => void this.#statements.moveCursor.run(name, positionOf(to)));
  }

  async cursors(prefix: string, limit = EVERY): Promise<readonly NamedCursor[]> {
    const found = this.#statements.cursorsFrom.all(prefix, `${prefix}\u{10ffff}`, limit);
    return found.map(({ name, position }) => ({ name, position: String(position) }));
  }

  removeCursor(name: string): Promise<void> {
    return this.#commit(() => void this.#statements.removeCursor.run(name));
  }

  prune(request: PruneRequest): Promise<number> {
    // Nobody was told that they are gone: after a power cut they may be there once more.
    return this.#commit(() => this.#pruning.prune(request), 'os');
  }

  async pruneType(request: PruneTypeRequest): Promise<PrunedType> {
    const { type } = request;
    const looked = this.#looked.get(type) ?? 0;
    const step = await this.#commit(() => this.#typePruning.prune(request, looked), 'os');
    this.#looked.set(type, step.looked);
    const { removed, isDone, oldestAt } = step;
    return { removed, isDone, oldestAt };
  }

  rowsByType(): ReadonlyMap<string, number> {
    return this.#writer.types.rowsByType();
  }

  onLive(listener: (rows: readonly LiveRow[]) => void): () => void {
    return this.#writer.onLive(listener);
  }

  onAppended(listener: (rows: readonly LogRow[]) => void): () => void {
    return this.#writer.onAppended(listener);
  }
}

function prepareStatements(db: Database) {
  const select = 'SELECT first, last, at, rows FROM log WHERE last > ?';
  return {
    floor: prepareFloor(db),
    all: db.prepare<[number], StoredSegment>(`${select} ORDER BY last`),
    withEnds: db.prepare<[number], StoredSegment>(`${select} AND ends > 0 ORDER BY last`),
    counted: db.prepare<[number], CountedSegment>(
      'SELECT first, last, at, ended, rows FROM log WHERE last > ? ORDER BY last LIMIT 1',
    ),
    ended: db.prepare<[], number>('SELECT ended FROM log ORDER BY last DESC LIMIT 1').pluck(),
    oldest: db.prepare<[], number>('SELECT first FROM log ORDER BY last LIMIT 1').pluck(),
    cursor: db.prepare<[string], number>('SELECT position FROM cursors WHERE name = ?').pluck(),
    cursorsFrom: db.prepare<[string, string, number], { name: string; position: number }>(
      'SELECT name, position FROM cursors WHERE name >= ? AND name < ? ORDER BY position, name LIMIT ?',
    ),
    removeCursor: db.prepare<[string]>('DELETE FROM cursors WHERE name = ?'),
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

/**
 * Removes the oldest segments of the log, inside the running transaction.
 *
 * Stops at what a named cursor has not passed. Leaves the numbers: what was given once is not given again.
 */
import { WITHOUT_END } from '../../protocol/slices.ts';
import type { Database } from '../../sqlite/database.ts';
import type { TextCipher } from '../../sqlite/text-cipher.ts';
import { CLIENT_CURSOR_PREFIX, type PruneRequest, REPORT_CURSOR } from '../event-log.ts';
import { noteFloor, noteTop } from './log-position.ts';
import type { LogWriter } from './log-writer.ts';
import { JOB_TYPE, linesAfter, parseRow, type StoredSegment } from './segment.ts';

interface OldestSegment extends StoredSegment {
  readonly counted: number;
  readonly types: string;
}

const ONLY_JOBS = JSON.stringify([JOB_TYPE]);

export class LogPruning {
  readonly #db: Database;
  readonly #statements;
  readonly #writer: LogWriter;
  readonly #cipher: TextCipher;

  constructor(db: Database, writer: LogWriter, cipher: TextCipher) {
    this.#db = db;
    this.#statements = prepareStatements(db);
    this.#writer = writer;
    this.#cipher = cipher;
  }

  /** @returns how many rows went */
  prune(request: PruneRequest): number {
    const passed = this.#statements.passed.get(REPORT_CURSOR) ?? 0;
    const isOver = (request.slice ?? WITHOUT_END)();
    let removed = 0;
    let floor = 0;
    while (removed === 0 || !isOver()) {
      const oldest = this.#statements.oldest.get();
      if (oldest === undefined || oldest.last > passed || !this.#isDue(oldest, request)) break;
      const rows = oldest.last - oldest.first + 1;
      if (removed > 0 && removed + rows > request.limit) break;
      this.#remove(oldest);
      removed += rows;
      floor = oldest.last;
    }
    if (removed > 0) {
      this.#writer.forgetTopics();
      noteTop(this.#db, this.#writer.top);
      noteFloor(this.#db, floor);
    }
    return removed;
  }

  #isDue({ at, counted }: OldestSegment, { before, keep }: PruneRequest): boolean {
    const newer = this.#writer.counted - counted;
    return (before !== undefined && at < before) || (keep !== undefined && newer >= keep);
  }

  #remove(segment: OldestSegment): void {
    if (segment.types !== ONLY_JOBS) {
      for (const line of linesAfter(segment, 0, this.#cipher)) {
        const { type, id } = parseRow(line);
        if (type === JOB_TYPE) continue;
        this.#statements.removeTopic.run(type, id, line.seq);
        this.#writer.types.remove(type, 1, 0);
      }
    }
    this.#statements.remove.run(segment.last);
  }
}

function prepareStatements(db: Database) {
  return {
    oldest: db.prepare<[], OldestSegment>(
      'SELECT first, last, at, counted, types, rows FROM log ORDER BY last LIMIT 1',
    ),
    /** A cursor that was never moved has no row, and yet waits for the first one of the log. */
    passed: db
      .prepare<[string], number>(
        `SELECT min(position) FROM cursors
         WHERE name NOT GLOB '${CLIENT_CURSOR_PREFIX}*'
           AND EXISTS (SELECT 1 FROM cursors WHERE name = ?)`,
      )
      .pluck(),
    remove: db.prepare<[number]>('DELETE FROM log WHERE last = ?'),
    removeTopic: db.prepare<[string, string, number]>(
      'DELETE FROM log_topics WHERE type = ? AND id = ? AND newest = ?',
    ),
  };
}

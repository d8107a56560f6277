/**
 * Removes the oldest rows of one type wherever they stand, inside the running transaction, some segments at a time.
 *
 * A row that goes leaves an empty line: numbers follow from the place in the segment. A segment without a row
 * goes as a whole, except for the newest one, which says where the log ends.
 */
import { WITHOUT_END } from '../../protocol/slices.ts';
import type { Database } from '../../sqlite/database.ts';
import type { TextCipher } from '../../sqlite/text-cipher.ts';
import type { LogRow, PrunedType, PruneTypeRequest } from '../event-log.ts';
import { noteFloor, prepareFloor } from './log-position.ts';
import type { LogWriter } from './log-writer.ts';
import { openLines, parseRow, type StoredSegment } from './segment.ts';

/** Numbers looked through in one transaction: some 2 ms, where each row is a segment of its own. */
const STRETCH = 4_000;

/** What came of a step; up to `looked` no row of the type is left. */
export interface TypeStep extends PrunedType {
  readonly looked: number;
}

interface Opened {
  readonly segment: StoredSegment;
  readonly lines: string[];
}

export class TypePruning {
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

  /** @param looked of the step before; 0 at first */
  prune(request: PruneTypeRequest, looked: number): TypeStep {
    const { type, limit, slice = WITHOUT_END } = request;
    const isOver = slice();
    const start = Math.max(looked, (this.#statements.oldest.get() ?? 1) - 1);
    const through = start + STRETCH;
    let removed = 0;
    let reached = start;
    let stays: LogRow | undefined;
    do {
      const segment = this.#statements.next.get(reached, through, JSON.stringify(type));
      if (segment === undefined) reached = Math.min(through, this.#writer.top);
      else {
        const step = this.#pruneSegment(segment, request);
        removed += step.removed;
        stays = step.stays;
        if (stays === undefined) reached = segment.last;
      }
      if (segment === undefined || stays !== undefined) break;
    } while (removed < limit && !isOver());
    if (removed > 0) this.#writer.forgetTopics();
    const isDone = stays !== undefined || reached >= this.#writer.top;
    return { removed, isDone, oldestAt: stays?.at ?? null, looked: reached };
  }

  /** @returns `stays`: the oldest row of the type in it that is not due */
  #pruneSegment(
    segment: StoredSegment,
    request: PruneTypeRequest,
  ): { readonly removed: number; readonly stays: LogRow | undefined } {
    const opened = { segment, lines: [...openLines(segment, this.#cipher)] };
    const rows = rowsOf(request.type, opened);
    const due = this.#dueOf(rows, request);
    if (due.length > 0) this.#remove(request.type, opened, due);
    return { removed: due.length, stays: rows[due.length] };
  }

  /** Those at the front that a bound lets go. */
  #dueOf(rows: readonly LogRow[], { type, before, keep }: PruneTypeRequest): readonly LogRow[] {
    const left = this.#writer.types.kept(type);
    const end = rows.findIndex(({ at }, index) => {
      const isOld = before !== undefined && at < before;
      return !isOld && (keep === undefined || left - index <= keep);
    });
    return end === -1 ? rows : rows.slice(0, end);
  }

  #remove(type: string, { segment, lines }: Opened, due: readonly LogRow[]): void {
    for (const { id, seq } of due) {
      lines[Number(seq) - segment.first] = '';
      this.#statements.removeTopic.run(type, id, Number(seq));
    }
    this.#writer.types.remove(type, due.length, Number(due.at(-1)?.seq ?? 0));
    const isEmpty = lines.every((line) => line === '');
    if (isEmpty && segment.last < this.#writer.top) {
      this.#keepFloor();
      this.#statements.remove.run(segment.last);
      return;
    }
    const types = new Set(
      lines.flatMap((text, index) => (text === '' ? [] : [typeAt(segment, text, index)])),
    );
    const text = this.#cipher.seal(lines.join('\n'), 'rows', segment.last);
    this.#statements.rewrite.run(JSON.stringify([...types]), text, segment.last);
  }

  /** The oldest segment says from where on the log is whole only until one goes because of a type. */
  #keepFloor(): void {
    if (this.#statements.floor.get() !== undefined) return;
    noteFloor(this.#db, (this.#statements.oldest.get() ?? 1) - 1);
  }
}

function rowsOf(type: string, { segment, lines }: Opened): readonly LogRow[] {
  return lines.flatMap((text, index) => {
    if (text === '') return [];
    const row = parseRow({ text, seq: segment.first + index, at: segment.at });
    return row.type === type ? [row] : [];
  });
}

function typeAt({ first, at }: StoredSegment, text: string, index: number): string {
  return parseRow({ text, seq: first + index, at }).type;
}

function prepareStatements(db: Database) {
  return {
    floor: prepareFloor(db),
    oldest: db.prepare<[], number>('SELECT first FROM log ORDER BY last LIMIT 1').pluck(),
    next: db.prepare<[number, number, string], StoredSegment>(
      `SELECT first, last, at, rows FROM log
       WHERE last > ? AND last <= ? AND instr(types, ?) > 0 ORDER BY last LIMIT 1`,
    ),
    removeTopic: db.prepare<[string, string, number]>(
      'DELETE FROM log_topics WHERE type = ? AND id = ? AND newest = ?',
    ),
    remove: db.prepare<[number]>('DELETE FROM log WHERE last = ?'),
    rewrite: db.prepare<[string, string, number]>(
      'UPDATE log SET types = ?, rows = ? WHERE last = ?',
    ),
  };
}

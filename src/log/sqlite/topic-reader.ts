/**
 * Reads the rows of one topic, or of one type, without reading the whole log.
 *
 *   a topic    from its newest row back along `prev`; where that one stands, `log_topics` says, and
 *              of a job its record
 *   a type, a busy topic, a job whose record is gone
 *              onwards through what each segment says of itself, and only into those that may have
 *              a row of it, a stretch of the log at a time
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Topic } from '../../protocol/events.ts';
import type { Database } from '../../sqlite/database.ts';
import type { TextCipher } from '../../sqlite/text-cipher.ts';
import type { LogRow } from '../event-log.ts';
import { prepareSegmentOf, RowFinder, type SegmentOf } from './row-finder.ts';
import {
  isOfType,
  JOB_TYPE,
  jobKeyOf,
  linesAfter,
  parseRow,
  type StoredSegment,
} from './segment.ts';

/** Numbers looked through before others have their turn. */
const STRETCH = 20_000;
/** Rows of a topic followed back before others have their turn. */
const STEPS = 50;
/** A topic with more rows than that is met often on the way onwards. */
const MAX_STEPS = 2_000;

export interface TopicRequest {
  readonly type: string;
  readonly id: string | undefined;
  readonly after: number;
  readonly limit: number;
}

type Scan = (after: number, through: number) => Iterable<StoredSegment>;

export class TopicReader {
  readonly #statements;
  readonly #segmentOf: SegmentOf;
  readonly #top: () => number;
  readonly #cipher: TextCipher;

  constructor(db: Database, top: () => number, cipher: TextCipher) {
    this.#statements = prepareStatements(db);
    this.#segmentOf = prepareSegmentOf(db);
    this.#top = top;
    this.#cipher = cipher;
  }

  async read(request: TopicRequest): Promise<readonly LogRow[]> {
    const { type, id } = request;
    if (id === undefined) return this.#scan(request, this.#scanOf(request));
    const newest = this.#newestOf(type, id);
    // Whatever was published has its entry; a job may have rows after its record is gone.
    if (newest === undefined && type !== JOB_TYPE) return [];
    const rows = newest === undefined ? undefined : await this.#goBack({ ...request, id }, newest);
    return rows ?? this.#scan(request, this.#scanOf(request));
  }

  async newest({ type, id }: Topic): Promise<LogRow | undefined> {
    const seq = this.#newestOf(type, id);
    if (seq === undefined && type !== JOB_TYPE) return undefined;
    const row = seq === undefined ? undefined : this.#rowOf(seq);
    if (row?.type === type && row.id === id) return row;
    // A job whose record is gone, or whose newest row is not the one that its record knows.
    if (type !== JOB_TYPE) return undefined;
    const all = { type, id, after: 0, limit: Number.POSITIVE_INFINITY };
    return (await this.#scan(all, this.#scanOf(all))).at(-1);
  }

  #rowOf(seq: number): LogRow | undefined {
    return new RowFinder(this.#segmentOf, this.#cipher).row(seq);
  }

  #newestOf(type: string, id: string): number | undefined {
    if (type !== JOB_TYPE) return this.#statements.newest.get(type, id);
    const key = jobKeyOf(id);
    return this.#statements.newestOfJob.get(key, key);
  }

  /** @returns undefined when that is not the way: too many rows, or not the topic's */
  async #goBack(
    { type, id, after, limit }: TopicRequest & { readonly id: string },
    newest: number,
  ): Promise<readonly LogRow[] | undefined> {
    const finder = new RowFinder(this.#segmentOf, this.#cipher);
    const found: LogRow[] = [];
    for (let seq = newest; seq > after; ) {
      const row = finder.row(seq);
      // What a row leads to may have been pruned. The newest one itself may be as well, and then all is.
      if (row === undefined) break;
      if (row.type !== type || row.id !== id || found.length === MAX_STEPS) return undefined;
      found.push(row);
      if (found.length % STEPS === 0) await nextTurn();
      seq = Number(row.prev ?? 0);
    }
    return found.reverse().slice(0, limit);
  }

  #scanOf({ type, id }: TopicRequest): Scan {
    const { ofType, withJob } = this.#statements;
    if (type === JOB_TYPE && id !== undefined) {
      const key = jobKeyOf(id);
      return (after, through) => withJob.iterate(after, through, key, key);
    }
    const name = JSON.stringify(type);
    return (after, through) => ofType.iterate(after, through, name);
  }

  async #scan({ type, id, after, limit }: TopicRequest, scan: Scan): Promise<readonly LogRow[]> {
    const found: LogRow[] = [];
    const isWanted = isOfType(type);
    const top = this.#top();
    let start = Math.max(after, (this.#statements.oldest.get() ?? 1) - 1);
    while (start < top) {
      const through = start + STRETCH;
      for (const segment of scan(start, through)) {
        for (const line of linesAfter(segment, after, this.#cipher)) {
          if (!isWanted(line)) continue;
          const row = parseRow(line);
          if (id !== undefined && row.id !== id) continue;
          if (found.length === limit) return found;
          found.push(row);
        }
      }
      start = through;
      await nextTurn();
    }
    return found;
  }
}

function prepareStatements(db: Database) {
  const select = 'SELECT first, last, at, rows FROM log WHERE last >';
  return {
    newest: db
      .prepare<[string, string], number>('SELECT newest FROM log_topics WHERE type = ? AND id = ?')
      .pluck(),
    newestOfJob: db
      .prepare<[number, number], number>(
        `SELECT last_seq FROM jobs WHERE id = ?
         UNION ALL SELECT last_seq FROM finished_jobs WHERE id = ? LIMIT 1`,
      )
      .pluck(),
    ofType: db.prepare<[number, number, string], StoredSegment>(
      `${select} ? AND last <= ? AND instr(types, ?) > 0 ORDER BY last`,
    ),
    withJob: db.prepare<[number, number, number, number], StoredSegment>(
      `${select} ? AND last <= ? AND low <= ? AND high >= ? ORDER BY last`,
    ),
    oldest: db.prepare<[], number>('SELECT first FROM log ORDER BY last LIMIT 1').pluck(),
  };
}

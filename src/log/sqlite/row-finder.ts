/** Finds single rows by their number. Neighbours cost one read of their segment, in whichever direction. */
import type { Database } from '../../sqlite/database.ts';
import type { TextCipher } from '../../sqlite/text-cipher.ts';
import type { LogRow } from '../event-log.ts';
import { openLines, parseRow, type StoredSegment } from './segment.ts';

/** Prepared once, used by many finders. */
export type SegmentOf = ReturnType<typeof prepareSegmentOf>;

export function prepareSegmentOf(db: Database) {
  return db.prepare<[number], StoredSegment>(
    'SELECT first, last, at, rows FROM log WHERE last >= ? ORDER BY last LIMIT 1',
  );
}

export class RowFinder {
  readonly #segmentOf: SegmentOf;
  readonly #cipher: TextCipher;
  #segment: StoredSegment | undefined;
  #lines: readonly string[] = [];

  constructor(segmentOf: SegmentOf, cipher: TextCipher) {
    this.#segmentOf = segmentOf;
    this.#cipher = cipher;
  }

  /** Undefined for a row that was pruned or cannot be opened, and for a number that no row has. */
  row(seq: number): LogRow | undefined {
    if (!isIn(seq, this.#segment)) {
      const segment = this.#segmentOf.get(seq);
      if (!isIn(seq, segment)) return undefined;
      this.#segment = segment;
      this.#lines = openLines(segment, this.#cipher);
    }
    const { first, at } = this.#segment;
    const text = this.#lines[seq - first];
    return text ? parseRow({ text, seq, at }) : undefined;
  }
}

function isIn(seq: number, segment: StoredSegment | undefined): segment is StoredSegment {
  return segment !== undefined && segment.first <= seq && seq <= segment.last;
}

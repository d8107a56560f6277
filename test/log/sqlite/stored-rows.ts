/** Every row of a log, as its table holds it: for tests that look past the port. */

import type { LogRow } from '../../../src/log/event-log.ts';
import { linesAfter, parseRow, type StoredSegment } from '../../../src/log/sqlite/segment.ts';
import type { Database } from '../../../src/sqlite/database.ts';
import { PLAIN_TEXT } from '../../../src/sqlite/text-cipher.ts';

export function readAllRows(db: Database): readonly LogRow[] {
  const segments = db.prepare<[], StoredSegment>(
    'SELECT first, last, at, rows FROM log ORDER BY last',
  );
  return segments.all().flatMap((segment) => [...linesAfter(segment, 0, PLAIN_TEXT)].map(parseRow));
}

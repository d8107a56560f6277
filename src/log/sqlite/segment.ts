/**
 * Segments: the rows that one transaction appended, as the text that is stored for them.
 *
 * A line is a row: kind, how much older it is than the segment, prev, type, id, data and (of some ends)
 * detail, with tabs between them. Their numbers follow from the segment's: a segment has no holes.
 * Pure; knows nothing of SQLite.
 */
import { isSealed } from '../../protocol/sealed-text.ts';
import { type SealedTable, sealedColumn } from '../../sqlite/sealed-tables.ts';
import type { TextCipher } from '../../sqlite/text-cipher.ts';
import type { EndDetail, EndRow, LogKind, LogRow } from '../event-log.ts';

/** Bounds of a segment: what a reader of one row reads, and what pruning removes at once. */
const MAX_SEGMENT_ROWS = 256;
const MAX_SEGMENT_LENGTH = 262_144;

/** The topics that are found without the index. */
export const JOB_TYPE = 'job';

const KINDS: readonly LogKind[] = ['event', 'state', 'end'];
const KIND_NUMBERS: Readonly<Record<LogKind, number>> = { event: 0, state: 1, end: 2 };
const END = String(KIND_NUMBERS.end).charCodeAt(0);
const NO_DETAIL: EndDetail = { userId: null, error: null };

export interface Segment {
  readonly first: number;
  readonly last: number;
  /** The time of its newest row. */
  readonly at: number;
  readonly ends: number;
  /** The smallest and the greatest id among its rows of jobs; null when it has none. */
  readonly low: number | null;
  readonly high: number | null;
  /** JSON array of the types in it. */
  readonly types: string;
  readonly rows: string;
}

export type StoredSegment = Pick<Segment, 'first' | 'last' | 'at' | 'rows'>;

/** A row to store, and what only the reporter may see of it. */
export interface Appended {
  readonly row: LogRow;
  readonly detail: EndDetail | undefined;
}

/** Raw tabs and line breaks are nothing but space in JSON, and here they part the fields and rows. */
export function toOneLine(data: string): string {
  return data.includes('\n') || data.includes('\t') ? data.replaceAll(/[\n\t]/g, ' ') : data;
}

/** Cuts rows with consecutive numbers into segments that are not too long. */
export function cutSegments(rows: readonly Appended[]): readonly Segment[] {
  const segments: Segment[] = [];
  let start = 0;
  let length = 0;
  for (const [index, { row, detail }] of rows.entries()) {
    const size = row.data.length + (detail?.error?.stack?.length ?? 0);
    const full = index - start === MAX_SEGMENT_ROWS || length + size > MAX_SEGMENT_LENGTH;
    if (full && index > start) {
      segments.push(toSegment(rows.slice(start, index)));
      start = index;
      length = 0;
    }
    length += size;
  }
  if (start < rows.length) segments.push(toSegment(rows.slice(start)));
  return segments;
}

function toSegment(rows: readonly Appended[]): Segment {
  const at = rows.reduce((newest, { row }) => Math.max(newest, row.at), 0);
  const types = new Set<string>();
  let ends = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let text = '';
  for (const { row, detail } of rows) {
    types.add(row.type);
    if (row.kind === 'end') ends += 1;
    if (row.type === JOB_TYPE) {
      const key = jobKeyOf(row.id);
      if (key < low) low = key;
      if (key > high) high = key;
    }
    text += text === '' ? renderLine(row, at, detail) : `\n${renderLine(row, at, detail)}`;
  }
  const hasJobs = low <= high;
  return {
    first: Number(rows[0]?.row.seq),
    last: Number(rows.at(-1)?.row.seq),
    ...{ at, ends, low: hasJobs ? low : null, high: hasJobs ? high : null },
    types: JSON.stringify([...types]),
    rows: text,
  };
}

/** By which number a job is looked for in the ranges of segments. */
export function jobKeyOf(id: string): number {
  const key = Number(id);
  return Number.isSafeInteger(key) ? key : 0;
}

function renderLine(row: LogRow, at: number, detail: EndDetail | undefined): string {
  const head = `${KIND_NUMBERS[row.kind]}\t${at - row.at}\t${row.prev ?? ''}`;
  const line = `${head}\t${quote(row.type)}\t${quote(row.id)}\t${row.data}`;
  return detail === undefined || isEmpty(detail) ? line : `${line}\t${JSON.stringify(detail)}`;
}

function isEmpty({ userId, error, traceparent }: EndDetail): boolean {
  return userId === null && error === null && traceparent === undefined;
}

/** Ids are opaque: whatever might be taken for something else stands as JSON. */
function quote(text: string): string {
  return /^[\w.:-]+$/.test(text) ? text : JSON.stringify(text);
}

function unquote(text: string): string {
  return text.startsWith('"') ? JSON.parse(text) : text;
}

/** What of the log is sealed at rest: the text of a segment as a whole. */
export const SEALED_LOG_TABLES: readonly SealedTable[] = [
  { table: 'log', key: ['last'], columns: [sealedColumn('rows', 'last')] },
];

/** The lines of a segment; none where it cannot be opened, as if it had been pruned. */
export function openLines(segment: StoredSegment, cipher: TextCipher): readonly string[] {
  const text = cipher.tryOpen(segment.rows, 'rows', segment.last);
  return isSealed(text) ? [] : text.split('\n');
}

/** Takes from a segment, in order, what comes after a position. */
export function* linesAfter(
  segment: StoredSegment,
  after: number,
  cipher: TextCipher,
): Generator<Line> {
  const lines = openLines(segment, cipher);
  const start = Math.max(0, after + 1 - segment.first);
  for (let index = start; index < lines.length; index += 1) {
    const text = lines[index];
    // Empty: the row went before its segment, by a bound of its type.
    if (text) yield { text, seq: segment.first + index, at: segment.at };
  }
}

/** A row that was not looked into yet. */
export interface Line {
  readonly text: string;
  readonly seq: number;
  /** Of its segment. */
  readonly at: number;
}

export function isEnd({ text }: Line): boolean {
  return text.charCodeAt(0) === END;
}

/** Tells rows of a type without taking them apart: most rows that a reader passes are of others. */
export function isOfType(type: string): (line: Line) => boolean {
  const field = `${quote(type)}\t`;
  return ({ text }) => {
    const age = text.indexOf('\t') + 1;
    const prev = text.indexOf('\t', age) + 1;
    return text.startsWith(field, text.indexOf('\t', prev) + 1);
  };
}

export function parseRow(line: Line): LogRow {
  return toRow(line, line.text.split('\t'));
}

export function parseEnd(line: Line): EndRow {
  const fields = line.text.split('\t');
  const detail = fields[6] === undefined ? NO_DETAIL : JSON.parse(fields[6]);
  return { ...toRow(line, fields), detail };
}

function toRow({ seq, at }: Line, fields: readonly string[]): LogRow {
  const [kind, age, prev = '', type = '', id = '', data = ''] = fields;
  return {
    type: unquote(type),
    id: unquote(id),
    seq: String(seq),
    prev: prev === '' ? null : prev,
    at: at - Number(age),
    kind: KINDS[Number(kind)] ?? 'event',
    data,
  };
}

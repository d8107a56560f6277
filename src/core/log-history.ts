/**
 * Reads the log for subscribers that come back: the events of many topics after a position, merged in the
 * log's order, a page at a time.
 *
 * A topic costs what it has after the position, a whole type the stretch of the log in between. Decides
 * nothing about access. Keeps nothing: a page says where the next one begins.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EventLog, type LogRow, toLogEvent } from '../log/event-log.ts';
import type { Topic } from '../protocol/events.ts';
import type { HistoryPage } from '../protocol/history.ts';

type Log = Pick<EventLog, 'epoch' | 'gone' | 'holds' | 'oldest' | 'read' | 'top'>;

export interface PageRequest {
  readonly topics: readonly Topic[];
  /** Undefined, or nothing that the log has: from its oldest row on. */
  readonly since: string | undefined;
  readonly epoch: string | undefined;
  readonly limit: number;
  readonly maxBytes: number;
}

/** Topics that are looked at before others have their turn. */
const TOPICS_AT_ONCE = 50;
/** Rows of a type that are looked through for a beginning, before the page is cut short. */
const MAX_LOOKED_THROUGH = 5_000;

/** What is known of a stretch of the log. */
interface Stretch {
  readonly rows: readonly LogRow[];
  /** Everything up to here was looked at. */
  readonly through: number;
}

export async function readHistory(log: Log, request: PageRequest): Promise<HistoryPage> {
  const { topics, since, epoch, limit, maxBytes } = request;
  const types = [...new Set(topics.map(({ type }) => type))];
  const isMine = epoch === undefined || epoch === log.epoch;
  const recovered = since !== undefined && isMine && log.holds(since, types);
  // Some types go earlier than others: from here on everything of all of them is there, so that the next page is.
  const gone = Number(log.gone(types));
  const after = recovered ? Number(since) : Math.max(beforeOldest(log), gone);
  // Before anything is read: what is appended meanwhile is left to the next page, whole.
  const top = Number(log.top());
  const merged = await mergeTopics(log, topics, { after, through: top, limit });
  const { rows, through } = cutPage(merged, { limit, maxBytes });
  return {
    epoch: log.epoch,
    recovered,
    since: String(after),
    events: rows.map(toLogEvent),
    next: String(through),
    more: through < top,
    oldest: String(Math.max(Number(log.oldest() === '0' ? log.top() : log.oldest()), gone)),
    top: String(top),
  };
}

interface Bounds {
  readonly after: number;
  readonly through: number;
  readonly limit: number;
}

async function mergeTopics(log: Log, topics: readonly Topic[], bounds: Bounds): Promise<Stretch> {
  const { after, limit } = bounds;
  const found = new Map<string, LogRow>();
  let { through } = bounds;
  for (const [index, topic] of topics.entries()) {
    const stretch = await readTopic(log, topic, { after, through, limit });
    through = Math.min(through, stretch.through);
    for (const row of stretch.rows) found.set(row.seq, row);
    // Only the first of them are for this page: more need not be kept in mind.
    if (found.size > 4 * limit) through = Math.min(through, dropAfter(found, limit));
    if (index % TOPICS_AT_ONCE === TOPICS_AT_ONCE - 1) await nextTurn();
  }
  const rows = [...found.values()].filter(({ seq }) => Number(seq) <= through);
  return { rows: rows.sort((one, other) => Number(one.seq) - Number(other.seq)), through };
}

/** @returns the number of the last one that stays */
function dropAfter(found: Map<string, LogRow>, limit: number): number {
  const seqs = [...found.keys()].map(Number).sort((one, other) => one - other);
  const last = seqs[limit - 1] ?? Number.POSITIVE_INFINITY;
  for (const seq of seqs.slice(limit)) found.delete(String(seq));
  return last;
}

function readTopic(log: Log, topic: Topic, bounds: Bounds): Promise<Stretch> {
  if (topic.id === '*') return readRows(log, { type: topic.type, id: undefined }, bounds);
  if (!topic.id.endsWith('.*')) return readRows(log, topic, bounds);
  return readBeginning(log, topic.type, topic.id.slice(0, -1), bounds);
}

async function readRows(
  log: Log,
  topic: { readonly type: string; readonly id: string | undefined },
  { after, through, limit }: Bounds,
): Promise<Stretch> {
  const rows = await log.read({ ...topic, after: String(after), limit });
  const isWhole = rows.length < limit;
  const last = Number(rows.at(-1)?.seq ?? after);
  return { rows, through: isWhole ? through : Math.min(through, last) };
}

async function readBeginning(
  log: Log,
  type: string,
  beginning: string,
  { after, through, limit }: Bounds,
): Promise<Stretch> {
  const rows: LogRow[] = [];
  let looked = 0;
  let at = after;
  while (at < through && rows.length < limit && looked < MAX_LOOKED_THROUGH) {
    const stretch = await readRows(log, { type, id: undefined }, { after: at, through, limit });
    rows.push(...stretch.rows.filter(({ id }) => id.startsWith(beginning)));
    looked += stretch.rows.length;
    at = stretch.through;
  }
  return { rows, through: at };
}

interface PageBounds {
  readonly limit: number;
  readonly maxBytes: number;
}

function cutPage({ rows, through }: Stretch, { limit, maxBytes }: PageBounds): Stretch {
  let size = 0;
  // One row always, however large it is.
  const end = rows.findIndex((row, index) => {
    size += row.data.length;
    return index === limit || (index > 0 && size > maxBytes);
  });
  if (end === -1) return { rows, through };
  const kept = rows.slice(0, end);
  return { rows: kept, through: Number(kept.at(-1)?.seq ?? through) };
}

function beforeOldest(log: Log): number {
  const oldest = log.oldest();
  return oldest === '0' ? Number(log.top()) : Number(oldest) - 1;
}

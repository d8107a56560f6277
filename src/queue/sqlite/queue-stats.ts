/**
 * What is asked about queues beyond counts, on SQLite. Seeks in the index of what is ready and reads a few
 * rows at its heads: a queue of a million jobs is answered as fast as one of ten.
 *
 * A job waits since its last row in the log, which its record points to: since its add, or since its time
 * came, its pause was over, the last one that it depends on ended.
 */
import type { Database } from '../../sqlite/database.ts';
import type { Lane } from '../job.ts';
import {
  type KeyedJob,
  MAX_HEAD_SEEN,
  MAX_LINES_SEEN,
  type OldestQueued,
  type PlaceInLane,
  type QueueStats,
} from '../queue-stats.ts';
import { keyOf, type LaneRow, NO_GROUP } from './job-rows.ts';
import { LaneWalk } from './lane-walk.ts';

interface HeadRow {
  readonly id: number;
  readonly created_at: number;
  readonly attempt: number;
  readonly last_seq: number;
}

type LanePart = readonly [queue: string, type: string, group: string];
type LinePart = readonly [...LanePart, priority: number];

/** Its row in the log is of the commit that added it: it never waited for anything else. */
const SAME_COMMIT_MS = 1_000;
const ABOVE_ALL = Number.MAX_SAFE_INTEGER;

export class SqliteQueueStats implements QueueStats {
  readonly #sql: ReturnType<typeof prepareStatements>;
  readonly #walk: LaneWalk;

  constructor(db: Database) {
    this.#sql = prepareStatements(db);
    this.#walk = new LaneWalk(db);
  }

  async oldestQueued(): Promise<ReadonlyMap<string, OldestQueued>> {
    const found = new Map<string, OldestQueued>();
    for (let first = this.#walk.afterQueue(''); first !== undefined; ) {
      const oldest = this.#oldestOf(first);
      if (oldest !== undefined) found.set(first.queue, oldest);
      // Others have their turn between two queues.
      await new Promise((resolve) => setImmediate(resolve));
      first = this.#walk.afterQueue(first.queue);
    }
    return found;
  }

  async countAhead(lanes: readonly Lane[], place: PlaceInLane, limit: number): Promise<number> {
    const { higher, older } = this.#sql;
    const { priority } = place;
    let sum = 0;
    for (const { queue, type, group } of lanes) {
      const lane: LanePart = [queue, type, group ?? NO_GROUP];
      if (sum < limit) sum += higher.get(...lane, priority, limit - sum) ?? 0;
      if (sum < limit) sum += older.get(...lane, priority, keyOf(place.id), limit - sum) ?? 0;
    }
    return sum;
  }

  async uniqueUntil({ id, type, uniqueKey }: KeyedJob): Promise<number | null> {
    if (uniqueKey === null) return null;
    return this.#sql.window.get(type, uniqueKey, keyOf(id)) ?? null;
  }

  /** @param first the first lane of the queue */
  #oldestOf(first: LaneRow): OldestQueued | undefined {
    let oldest: OldestQueued | undefined;
    let seen = 0;
    for (const line of this.#linesFrom(first)) {
      if (seen === MAX_LINES_SEEN) return oldest && { ...oldest, isExact: false };
      seen += 1;
      oldest = older(oldest, this.#oldestAt(line));
    }
    return oldest;
  }

  *#linesFrom(first: LaneRow): Generator<LinePart> {
    const { nextPriority } = this.#sql;
    for (let next: LaneRow | undefined = first; next !== undefined; ) {
      const lane: LanePart = [next.queue, next.type, next.group_key];
      let priority = nextPriority.get(...lane, ABOVE_ALL);
      for (; priority !== undefined; priority = nextPriority.get(...lane, priority)) {
        yield [...lane, priority];
      }
      next = this.#walk.afterWithin(next);
    }
  }

  /** Behind the first that was never put off, all are younger than it. */
  #oldestAt(line: LinePart): OldestQueued | undefined {
    const { head } = this.#sql;
    let oldest: OldestQueued | undefined;
    for (const count of [1, MAX_HEAD_SEEN]) {
      const rows = head.all(...line, count);
      for (const row of rows) {
        const since = this.#sinceOf(row);
        oldest = older(oldest, { id: String(row.id), since, isExact: true });
        if (row.attempt === 0 && since - row.created_at < SAME_COMMIT_MS) return oldest;
      }
      if (rows.length < count) return oldest;
    }
    return oldest && { ...oldest, isExact: false };
  }

  #sinceOf({ created_at, last_seq }: HeadRow): number {
    const segment = this.#sql.segment.get(last_seq);
    // Pruned, or not written yet.
    if (segment === undefined || segment.first > last_seq) return created_at;
    return Math.max(segment.at, created_at);
  }
}

function older(a: OldestQueued | undefined, b: OldestQueued | undefined): OldestQueued | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { ...(b.since < a.since ? b : a), isExact: a.isExact && b.isExact };
}

function prepareStatements(db: Database) {
  const lane = "state = 'queued' AND queue = ? AND type = ? AND group_key = ?";
  return {
    nextPriority: db
      .prepare<[...LanePart, number], number>(
        `SELECT priority FROM jobs WHERE ${lane} AND priority < ? ORDER BY priority DESC LIMIT 1`,
      )
      .pluck(),
    head: db.prepare<[...LanePart, number, number], HeadRow>(
      `SELECT id, created_at, attempt, last_seq FROM jobs WHERE ${lane} AND priority = ?
      ORDER BY id LIMIT ?`,
    ),
    segment: db.prepare<[number], { first: number; at: number }>(
      'SELECT first, at FROM log WHERE last >= ? ORDER BY last LIMIT 1',
    ),
    // Two ranges of the index. As one condition with OR the whole lane would be read.
    higher: db
      .prepare<[...LanePart, number, number], number>(
        `SELECT count(*) FROM (SELECT 1 FROM jobs WHERE ${lane} AND priority > ? LIMIT ?)`,
      )
      .pluck(),
    older: db
      .prepare<[...LanePart, number, number, number], number>(
        `SELECT count(*) FROM (SELECT 1 FROM jobs WHERE ${lane} AND priority = ? AND id < ? LIMIT ?)`,
      )
      .pluck(),
    window: db
      .prepare<[string, string, number], number>(
        'SELECT until FROM unique_windows WHERE type = ? AND key = ? AND job_id = ?',
      )
      .pluck(),
  };
}

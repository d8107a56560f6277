/**
 * From lane to lane in the index of what is ready: a seek or three a lane, however many jobs wait in it.
 *
 * One seek by all three columns together would do, were it one: SQLite then steps over every job of the
 * lane that it is to leave.
 */
import type { Database } from '../../sqlite/database.ts';
import type { LaneRow } from './job-rows.ts';

export class LaneWalk {
  readonly #sql: ReturnType<typeof prepareStatements>;

  constructor(db: Database) {
    this.#sql = prepareStatements(db);
  }

  /** The first lane of the first queue after this one; '' is before them all. */
  afterQueue(queue: string): LaneRow | undefined {
    return this.#sql.afterQueue.get(queue);
  }

  after({ queue, type, group_key }: LaneRow): LaneRow | undefined {
    return this.afterWithin({ queue, type, group_key }) ?? this.afterQueue(queue);
  }

  /** The next lane of the same queue. */
  afterWithin({ queue, type, group_key }: LaneRow): LaneRow | undefined {
    const { afterGroup, afterType } = this.#sql;
    return afterGroup.get(queue, type, group_key) ?? afterType.get(queue, type);
  }
}

function prepareStatements(db: Database) {
  const select = "SELECT queue, type, group_key FROM jobs WHERE state = 'queued'";
  return {
    afterGroup: db.prepare<[string, string, string], LaneRow>(
      `${select} AND queue = ? AND type = ? AND group_key > ? ORDER BY group_key LIMIT 1`,
    ),
    afterType: db.prepare<[string, string], LaneRow>(
      `${select} AND queue = ? AND type > ? ORDER BY type, group_key LIMIT 1`,
    ),
    afterQueue: db.prepare<[string], LaneRow>(
      `${select} AND queue > ? ORDER BY queue, type, group_key LIMIT 1`,
    ),
  };
}

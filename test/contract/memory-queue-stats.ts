/** Questions about queues, answered by a walk through everything that the store in memory holds. */
import type { EventLog } from '../../src/log/event-log.ts';
import type { Lane } from '../../src/queue/job.ts';
import type {
  KeyedJob,
  OldestQueued,
  PlaceInLane,
  QueueStats,
} from '../../src/queue/queue-stats.ts';
import type { MemoryJob } from './memory-job.ts';
import { nameOf, type UniqueTables } from './memory-unique.ts';

export interface StatsTables {
  readonly jobs: ReadonlyMap<string, MemoryJob>;
  readonly unique: UniqueTables;
}

export class MemoryQueueStats implements QueueStats {
  readonly #tables: () => StatsTables;
  readonly #log: EventLog;

  constructor(tables: () => StatsTables, log: EventLog) {
    this.#tables = tables;
    this.#log = log;
  }

  async oldestQueued(): Promise<ReadonlyMap<string, OldestQueued>> {
    const rows = await this.#log.read({ after: '0', limit: 1_000_000, type: 'job' });
    const found = new Map<string, OldestQueued>();
    for (const { record } of this.#queued()) {
      const since = rows.findLast(({ id }) => id === record.id)?.at ?? record.createdAt;
      const known = found.get(record.queue);
      if (known !== undefined && known.since <= since) continue;
      found.set(record.queue, { id: record.id, since, isExact: true });
    }
    return found;
  }

  async countAhead(lanes: readonly Lane[], place: PlaceInLane, limit: number): Promise<number> {
    const order = this.#tables().jobs.get(place.id)?.order ?? 0;
    const before = this.#queued().filter(({ record, order: other }) => {
      const isIn = lanes.some(({ queue, type, group }) => {
        return record.queue === queue && record.type === type && record.group === group;
      });
      const isEqual = record.priority === place.priority && other < order;
      return isIn && (record.priority > place.priority || isEqual);
    });
    return Math.min(before.length, limit);
  }

  async uniqueUntil({ id, type, uniqueKey }: KeyedJob): Promise<number | null> {
    if (uniqueKey === null) return null;
    const window = this.#tables().unique.windows.get(nameOf(type, uniqueKey));
    return window?.id === id ? window.until : null;
  }

  #queued(): readonly MemoryJob[] {
    return [...this.#tables().jobs.values()].filter(({ record }) => record.state === 'queued');
  }
}

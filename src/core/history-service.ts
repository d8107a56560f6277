/** What subscribers that come back are told of the log: by a position, by a cursor, or by last values. */
import type { HistoryService } from '../api/api-context.ts';
import type { EventLog } from '../log/event-log.ts';
import type { CursorMove, HistoryPage, HistoryRequest } from '../protocol/history.ts';
import type { JobStore } from '../queue/job-store.ts';
import { ClientCursors } from './client-cursors.ts';
import { readLastValues } from './last-values.ts';
import { readHistory } from './log-history.ts';

export interface HistoryParts {
  readonly log: EventLog;
  readonly jobs: Pick<JobStore, 'get'>;
  readonly maxCursorsPerUser: () => number;
}

const USUAL_EVENTS = 500;
const USUAL_BYTES = 262_144;

export class CoreHistory implements HistoryService {
  readonly #log: EventLog;
  readonly #jobs: Pick<JobStore, 'get'>;
  readonly #cursors: ClientCursors;

  constructor({ log, jobs, maxCursorsPerUser }: HistoryParts) {
    this.#log = log;
    this.#jobs = jobs;
    this.#cursors = new ClientCursors(log, maxCursorsPerUser);
  }

  async read(request: HistoryRequest): Promise<HistoryPage> {
    const { topics, cursor, last, limit = USUAL_EVENTS, maxBytes = USUAL_BYTES } = request;
    if (last === true) return readLastValues(this.#log, this.#jobs, topics);
    const known = cursor === undefined ? undefined : await this.#cursors.positionOf(cursor);
    const since = cursor === undefined ? request.since : known;
    const page = await readHistory(this.#log, {
      ...{ topics, since, epoch: request.epoch, limit, maxBytes },
    });
    // From here on it counts what is acknowledged; before, there was nothing to count from.
    if (cursor !== undefined && !page.recovered) await this.#cursors.place(cursor, page.since);
    return page;
  }

  moveCursors(moves: readonly CursorMove[]): Promise<void> {
    return this.#cursors.move(moves);
  }
}

/**
 * The newest event of each topic, for subscribers that begin with it.
 *
 * A job that has ended is answered for even where the log has let go of its end: by its record, as long as
 * there is one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EventLog, toLogEvent } from '../log/event-log.ts';
import type { JobEventData, LogEvent, Topic, VolatileEvent } from '../protocol/events.ts';
import type { HistoryPage } from '../protocol/history.ts';
import type { Json } from '../protocol/json.ts';
import type { JobRecord } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';

type Log = Pick<EventLog, 'epoch' | 'newest' | 'oldest' | 'top'>;

/** Topics that are looked at before others have their turn. */
const TOPICS_AT_ONCE = 50;

export async function readLastValues(
  log: Log,
  jobs: Pick<JobStore, 'get'>,
  topics: readonly Topic[],
): Promise<HistoryPage> {
  // Before anything is read: what is appended meanwhile comes to the subscriber as it happens.
  const top = log.top();
  const events: (LogEvent | VolatileEvent)[] = [];
  for (const [index, topic] of topics.entries()) {
    const event = await lastOf(log, jobs, topic);
    if (event !== undefined && Number(event.seq ?? 0) <= Number(top)) events.push(event);
    if (index % TOPICS_AT_ONCE === TOPICS_AT_ONCE - 1) await nextTurn();
  }
  const oldest = log.oldest() === '0' ? top : log.oldest();
  return {
    ...{ epoch: log.epoch, recovered: true, since: top },
    events: events.sort((one, other) => Number(one.seq ?? 0) - Number(other.seq ?? 0)),
    ...{ next: top, more: false, oldest, top },
  };
}

async function lastOf(
  log: Log,
  jobs: Pick<JobStore, 'get'>,
  topic: Topic,
): Promise<LogEvent | VolatileEvent | undefined> {
  const row = await log.newest(topic);
  if (row !== undefined) return toLogEvent(row);
  if (topic.type !== 'job') return undefined;
  const job = await jobs.get(topic.id);
  return job === undefined ? undefined : endOf(job);
}

/** As it was when the log had it, without a place in the log. */
function endOf(job: JobRecord): VolatileEvent | undefined {
  if (job.endedAt === null) return undefined;
  const { id, state, type, queue, attempt, reason, error, durationMs, endedAt } = job;
  const data: JobEventData = {
    ...{ state, type, queue, attempt },
    ...(durationMs === null ? {} : { duration: durationMs }),
    ...(reason === null ? {} : { reason }),
    ...(error === null || state === 'succeeded' ? {} : { error: error.message }),
  };
  const at = new Date(endedAt).toISOString();
  return { type: 'job', id, data: [data as unknown as Json], at };
}

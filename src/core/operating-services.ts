/** What operators do to queues and to many jobs, put together. */
import type { ApiContext } from '../api/api-context.ts';
import type { EventLog } from '../log/event-log.ts';
import type { JobStore } from '../queue/job-store.ts';
import type { EngineParts } from './engine-service.ts';
import { CoreBulkService } from './job-bulk.ts';
import { QueueControl } from './queue-control.ts';

export interface OperatingParts extends EngineParts {
  readonly store: JobStore;
  readonly log: EventLog;
  readonly nudge: () => void;
}

export function operatingServices({
  store,
  log,
  lanes,
  pool,
  dueClock,
  nudge,
}: OperatingParts): Pick<ApiContext, 'queues' | 'bulk'> {
  const now = Date.now;
  const nowMono = () => performance.now();
  return {
    queues: new QueueControl({ store, log, lanes, now, nudge }),
    bulk: new CoreBulkService({ store, lanes, pool, dueClock, now, nowMono, nudge }),
  };
}

/** All routes of the control API, by their rooms of the API. Knows no server. */
import type { ApiContext } from '../api/api-context.ts';
import { batchRoutes } from '../api/batches.ts';
import { configRoutes } from '../api/config.ts';
import { connectionRoutes } from '../api/connections.ts';
import { databaseRoutes } from '../api/database.ts';
import { directoryRoutes } from '../api/directory.ts';
import { eventRoutes } from '../api/events.ts';
import { gatewayRoutes } from '../api/gateways.ts';
import { healthRoutes } from '../api/health.ts';
import { historyRoutes } from '../api/history.ts';
import { bulkRoutes } from '../api/job-bulk.ts';
import { seeingRoutes } from '../api/job-why.ts';
import { jobRoutes } from '../api/jobs.ts';
import { keyRoutes } from '../api/keys.ts';
import { queueRoutes } from '../api/queues.ts';
import type { Route } from '../api/route.ts';
import { scheduleRoutes } from '../api/schedules.ts';
import { statusRoutes } from '../api/status.ts';
import { tokenRoutes } from '../api/tokens.ts';
import { workerRoutes } from '../api/workers.ts';

export function controlRoutes(context: ApiContext): readonly Route[] {
  return [
    ...jobRoutes(context),
    ...batchRoutes(context),
    ...bulkRoutes(context),
    ...queueRoutes(context),
    ...scheduleRoutes(context),
    ...eventRoutes(context),
    ...historyRoutes(context),
    ...connectionRoutes(context),
    ...gatewayRoutes(context),
    ...directoryRoutes(context),
    ...statusRoutes(context),
    ...healthRoutes(context),
    ...workerRoutes(context),
    ...seeingRoutes(context),
    ...keyRoutes(context),
    ...databaseRoutes(context),
    ...tokenRoutes(context),
    ...configRoutes(context),
  ];
}

/** /v1/queues: list, pause, resume. */
import { TaskbellError } from '../protocol/errors.ts';
import type { QueueView } from '../protocol/status.ts';
import type { QueueCounts } from '../queue/job-store.ts';
import type { ApiContext } from './api-context.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route, required } from './route.ts';

export function queueRoutes(context: ApiContext): readonly Route[] {
  const setPaused = (paused: boolean) => (request: ApiRequest) =>
    pauseQueue(context, required(request, 'name'), paused);
  return [
    { method: 'GET', path: '/v1/queues', handle: () => listQueues(context) },
    { method: 'POST', path: '/v1/queues/:name/pause', handle: setPaused(true) },
    { method: 'POST', path: '/v1/queues/:name/resume', handle: setPaused(false) },
  ];
}

async function listQueues(context: ApiContext): Promise<ApiAnswer> {
  return ok({ queues: (await context.store.queues()).map(toQueueView) });
}

async function pauseQueue(context: ApiContext, name: string, paused: boolean): Promise<ApiAnswer> {
  if (!/^[A-Za-z0-9_.:-]{1,100}$/.test(name)) {
    throw new TaskbellError('E_INVALID_REQUEST', `${name.slice(0, 100)} is no name of a queue.`, {
      hint: 'A name has 1 to 100 of letters, digits, _ . : -',
    });
  }
  await context.jobs.setPaused(name, paused);
  const queue = (await context.store.queues()).find((candidate) => candidate.name === name);
  return ok(toQueueView(queue ?? { name, paused, counts: {} }));
}

function toQueueView(queue: QueueCounts): QueueView {
  const { waiting = 0, scheduled = 0, queued = 0, running = 0, retrying = 0 } = queue.counts;
  return {
    name: queue.name,
    paused: queue.paused,
    jobs: { waiting, scheduled, queued, running, retrying },
  };
}

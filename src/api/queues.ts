/** /v1/queues: list, pause, drain, resume, wait until empty. */
import { TaskbellError } from '../protocol/errors.ts';
import type { QueueMode, QueueView } from '../protocol/status.ts';
import type { QueueCounts } from '../queue/job-store.ts';
import type { ApiContext } from './api-context.ts';
import { waitMsOf } from './query.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route, required } from './route.ts';

export function queueRoutes(context: ApiContext): readonly Route[] {
  const setMode = (mode: QueueMode) => (request: ApiRequest) => changeMode(context, request, mode);
  return [
    { method: 'GET', path: '/v1/queues', handle: () => listQueues(context) },
    { method: 'POST', path: '/v1/queues/:name/pause', handle: setMode('paused') },
    { method: 'POST', path: '/v1/queues/:name/drain', handle: setMode('draining') },
    { method: 'POST', path: '/v1/queues/:name/resume', handle: setMode('open') },
    {
      method: 'GET',
      path: '/v1/queues/:name/wait',
      handle: (request) => waitUntilEmpty(context, request),
    },
  ];
}

async function listQueues(context: ApiContext): Promise<ApiAnswer> {
  return ok({ queues: await context.seeing.queues() });
}

async function changeMode(
  { queues }: ApiContext,
  request: ApiRequest,
  mode: QueueMode,
): Promise<ApiAnswer> {
  const name = nameOf(request);
  await queues.setMode(name, mode);
  return ok(toQueueView(await queues.find(name)));
}

async function waitUntilEmpty({ queues }: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const name = nameOf(request);
  await queues.waitUntilEmpty(name, waitMsOf(request.query), request.signal);
  return ok(toQueueView(await queues.find(name)));
}

function nameOf(request: ApiRequest): string {
  const name = required(request, 'name');
  if (/^[A-Za-z0-9_.:-]{1,100}$/.test(name)) return name;
  throw new TaskbellError('E_INVALID_REQUEST', `${name.slice(0, 100)} is no name of a queue.`, {
    hint: 'A name has 1 to 100 of letters, digits, _ . : -',
  });
}

export function toQueueView({ name, mode, counts }: QueueCounts): QueueView {
  const { waiting = 0, scheduled = 0, queued = 0, running = 0, retrying = 0 } = counts;
  return {
    name,
    mode,
    paused: mode === 'paused',
    jobs: { waiting, scheduled, queued, running, retrying },
  };
}

/** /v1/workers: list, quiet, restart. */
import { TaskbellError } from '../protocol/errors.ts';
import { check } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { RESTART_REQUEST } from './requests.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route, required } from './route.ts';

export function workerRoutes({ workers }: Pick<ApiContext, 'workers'>): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/workers', handle: async () => ok({ workers: workers.list() }) },
    {
      method: 'POST',
      path: '/v1/workers/quiet',
      handle: async () => ok({ workers: workers.quiet(null) }),
    },
    {
      method: 'POST',
      path: '/v1/workers/:pid/quiet',
      handle: async (request) => ok({ workers: workers.quiet(pidOf(request)) }),
    },
    {
      method: 'POST',
      path: '/v1/workers/restart',
      handle: (request) => restart(workers, request),
    },
  ];
}

/** Answers when all of them are replaced, however long their jobs take. */
async function restart(workers: ApiContext['workers'], request: ApiRequest): Promise<ApiAnswer> {
  const asked = check(RESTART_REQUEST, await request.json(), 'restart');
  const { rolling = false, timeoutMs: withinMs = null } = asked;
  return ok({ replaced: await workers.restart({ rolling, withinMs }, request.signal) });
}

function pidOf(request: ApiRequest): number {
  const text = required(request, 'pid');
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new TaskbellError('E_INVALID_REQUEST', `${text.slice(0, 100)} is no pid.`, {
    hint: '`taskbell worker list` names them.',
  });
}

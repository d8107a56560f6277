/** /v1/jobs/ID/why, /v1/jobs/ID/logs and /v1/stats: what one sees from outside. */
import type { TypeStatsView } from '../protocol/stats.ts';
import type { StatsView } from '../protocol/status.ts';
import type { ApiContext } from './api-context.ts';
import { limitOf, queryValue, waitMsOf } from './query.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route, required } from './route.ts';

const MAX_LINES = 1_000;

export function seeingRoutes({ seeing }: Pick<ApiContext, 'seeing'>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/jobs/:id/why',
      handle: async (request) => ok(await seeing.why(required(request, 'id'))),
    },
    { method: 'GET', path: '/v1/jobs/:id/logs', handle: (request) => jobLogs(seeing, request) },
    { method: 'GET', path: '/v1/stats', handle: (request) => stats(seeing, request) },
  ];
}

async function jobLogs(seeing: ApiContext['seeing'], request: ApiRequest): Promise<ApiAnswer> {
  const { query, signal } = request;
  const after = Number(query.get('after') ?? 0) || 0;
  const limit = limitOf(query, { usual: MAX_LINES, most: MAX_LINES });
  // Without a word it is not waited for.
  const waitMs = query.has('timeout') ? waitMsOf(query) : 0;
  return ok(await seeing.lines(required(request, 'id'), { after, limit, waitMs, signal }));
}

async function stats(seeing: ApiContext['seeing'], { query }: ApiRequest): Promise<ApiAnswer> {
  const { since, queues, types } = await seeing.stats();
  const [queue, type] = [queryValue(query, 'queue'), queryValue(query, 'type')];
  const answer: StatsView = {
    since,
    queues: queues.filter(({ name }) => queue === undefined || name === queue),
    types: types.filter((one: TypeStatsView) => type === undefined || one.type === type),
  };
  return ok(answer);
}

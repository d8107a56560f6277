/** /v1/jobs/ID/why, /v1/jobs/ID/logs and /v1/stats: what one sees from outside. */
import { TaskbellError } from '../protocol/errors.ts';
import type { TypeStatsView } from '../protocol/stats.ts';
import type { StatsView } from '../protocol/status.ts';
import type { ApiContext } from './api-context.ts';
import { limitOf, queryValue, waitMsOf } from './query.ts';
import { redactionFor } from './reveal.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route, required } from './route.ts';

const MAX_LINES = 1_000;

type Context = Pick<ApiContext, 'seeing' | 'privacy'>;

export function seeingRoutes(context: Context): readonly Route[] {
  const { seeing } = context;
  return [
    {
      method: 'GET',
      path: '/v1/jobs/:id/why',
      handle: async (request) => ok(await seeing.why(required(request, 'id'))),
    },
    { method: 'GET', path: '/v1/jobs/:id/logs', handle: (request) => jobLogs(context, request) },
    { method: 'GET', path: '/v1/stats', handle: (request) => stats(seeing, request) },
  ];
}

async function jobLogs(context: Context, request: ApiRequest): Promise<ApiAnswer> {
  const { query, signal } = request;
  const after = afterOf(query);
  const limit = limitOf(query, { usual: MAX_LINES, most: MAX_LINES });
  // Without a word it is not waited for.
  const waitMs = query.has('timeout') ? waitMsOf(query) : 0;
  const id = required(request, 'id');
  const page = await context.seeing.lines(id, { after, limit, waitMs, signal });
  const redaction = redactionFor(context, request, `the log of job ${id}`);
  const lines = page.lines.map((line) => ({ ...line, line: redaction.line(line.line) }));
  return ok({ ...page, lines });
}

function afterOf(query: URLSearchParams): number {
  const text = queryValue(query, 'after') ?? '0';
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const got = text.slice(0, 20);
  throw new TaskbellError(
    'E_INVALID_REQUEST',
    `after: expected the number of a line, got ${got}.`,
    {
      hint: 'Pass the n of the last line that you have; 0 begins with the first.',
    },
  );
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

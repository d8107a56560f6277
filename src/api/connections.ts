/** /v1/connections, /v1/events/topics, /metrics: the clients of the gateways, what they wait for, and figures. */
import { TaskbellError } from '../protocol/errors.ts';
import type { Topic } from '../protocol/events.ts';
import { MAX_SEEN_AT_ONCE } from '../protocol/gateways.ts';
import type { ApiContext } from './api-context.ts';
import { limitOf, queryValue } from './query.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route, required } from './route.ts';

type Context = Pick<ApiContext, 'connections' | 'metrics'>;

const PATH = '/v1/connections';
const USUAL_LIMIT = 100;
/** As Prometheus names its text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function connectionRoutes({ connections, metrics }: Context): readonly Route[] {
  return [
    { method: 'GET', path: PATH, handle: (request) => list(connections, request) },
    { method: 'DELETE', path: PATH, handle: (request) => closeUser(connections, request) },
    { method: 'DELETE', path: `${PATH}/:id`, handle: (request) => close(connections, request) },
    { method: 'GET', path: '/v1/events/topics', handle: (request) => topics(connections, request) },
    {
      method: 'GET',
      path: '/metrics',
      handle: async () => ({ ...ok(await metrics()), contentType: METRICS_TYPE }),
    },
  ];
}

async function list(
  connections: Context['connections'],
  { query }: ApiRequest,
): Promise<ApiAnswer> {
  const limit = limitOf(query, { usual: USUAL_LIMIT, most: MAX_SEEN_AT_ONCE });
  const filter = { user: queryValue(query, 'user'), topic: topicOf(query) };
  return ok(await connections.page(filter, { after: queryValue(query, 'after'), limit }));
}

async function close(connections: Context['connections'], request: ApiRequest): Promise<ApiAnswer> {
  return ok(await connections.close(required(request, 'id'), mayComeBack(request)));
}

async function closeUser(
  connections: Context['connections'],
  request: ApiRequest,
): Promise<ApiAnswer> {
  const user = queryValue(request.query, 'user');
  if (user !== undefined) return ok(await connections.closeUser(user, mayComeBack(request)));
  throw new TaskbellError('E_INVALID_REQUEST', 'Nothing says which connections to close.', {
    hint: 'Name one in the path, or a user: ?user=ID.',
  });
}

async function topics(
  connections: Context['connections'],
  { query }: ApiRequest,
): Promise<ApiAnswer> {
  const limit = limitOf(query, { usual: USUAL_LIMIT, most: MAX_SEEN_AT_ONCE });
  return ok(await connections.topics(queryValue(query, 'type'), limit));
}

function topicOf(query: URLSearchParams): Topic | undefined {
  const type = queryValue(query, 'type');
  const id = queryValue(query, 'id');
  if (type !== undefined && id !== undefined) return { type, id };
  if (type === undefined && id === undefined) return undefined;
  throw new TaskbellError('E_INVALID_REQUEST', 'A topic is a type and an id: one is missing.', {
    hint: 'Pass both: ?type=issueUpdate&id=42.',
  });
}

function mayComeBack({ query }: ApiRequest): boolean {
  return query.get('comeBack') === 'true';
}

/** /v1/events: publish, and read the log a page at a time. */
import { type EventLog, toLogEvent, toPublishedEvent } from '../log/event-log.ts';
import type { EventPage, EventRequest } from '../protocol/events.ts';
import { check } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { limitOf, queryValue } from './query.ts';
import { EVENT_REQUEST } from './requests.ts';
import { type ApiAnswer, type ApiRequest, created, ok, type Route } from './route.ts';

export function eventRoutes(context: ApiContext): readonly Route[] {
  return [
    { method: 'POST', path: '/v1/events', handle: (request) => publishEvents(context, request) },
    { method: 'GET', path: '/v1/events', handle: (request) => readEvents(context, request) },
  ];
}

async function publishEvents(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const body = await request.json();
  const items: readonly unknown[] = Array.isArray(body) ? body : [body];
  const events = items.map(
    (item) => check(EVENT_REQUEST, item, 'The event is not valid') as EventRequest,
  );
  const rows = await context.publish(events);
  return created({ events: rows.map(toPublishedEvent) });
}

async function readEvents({ log }: ApiContext, { query }: ApiRequest): Promise<ApiAnswer> {
  const since = queryValue(query, 'since');
  const limit = limitOf(query, { usual: 100, most: 1_000 });
  const { after, recovered } = startOf(log, since);
  const topic = { type: queryValue(query, 'type'), id: queryValue(query, 'id') };
  const rows = await log.read({ after, limit, ...topic });
  const next = rows.length === limit ? (rows.at(-1)?.seq ?? after) : log.top();
  const page: EventPage = { epoch: log.epoch, events: rows.map(toLogEvent), next, recovered };
  return ok(page);
}

/** Where a reader starts that says what it saw last; without a word, at the oldest row. */
function startOf(
  log: EventLog,
  since: string | undefined,
): { readonly after: string; readonly recovered: boolean } {
  if (since !== undefined && log.holds(since)) return { after: since, recovered: true };
  const oldest = log.oldest();
  return {
    after: oldest === '0' ? '0' : String(Number(oldest) - 1),
    recovered: since === undefined,
  };
}

/** /v1/events: publish, and read the log a page at a time; which types there are. */
import { type EventLog, type LogRow, toLogEvent, toPublishedEvent } from '../log/event-log.ts';
import { TaskbellError } from '../protocol/errors.ts';
import {
  ACCESS_EVENT_TYPE,
  type EventPage,
  type EventRequest,
  MAX_EVENTS_AT_ONCE,
} from '../protocol/events.ts';
import { check } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { limitOf, queryValue } from './query.ts';
import { EVENT_REQUEST } from './requests.ts';
import { type ApiAnswer, type ApiRequest, created, ok, type Route } from './route.ts';

export function eventRoutes(context: ApiContext): readonly Route[] {
  const { events } = context;
  return [
    { method: 'POST', path: '/v1/events', handle: (request) => publishEvents(context, request) },
    { method: 'GET', path: '/v1/events', handle: (request) => readEvents(context, request) },
    { method: 'GET', path: '/v1/event-types', handle: async () => ok(events.types()) },
    { method: 'GET', path: '/asyncapi.json', handle: async () => ok(events.asyncApi()) },
  ];
}

async function publishEvents({ events }: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const body = await request.json();
  const rows = await events.publish(requestsOf(body), request.idempotencyKey);
  return created({ events: rows.map(toPublishedEvent) });
}

function requestsOf(body: unknown): readonly EventRequest[] {
  if (!Array.isArray(body)) {
    return [check(EVENT_REQUEST, body, 'The event is not valid') as EventRequest];
  }
  if (body.length > MAX_EVENTS_AT_ONCE) {
    throw new TaskbellError(
      'E_PAYLOAD_TOO_LARGE',
      `At most ${MAX_EVENTS_AT_ONCE} events are published at once, got ${body.length}.`,
      { hint: 'Publish them in several requests.' },
    );
  }
  return body.map(
    (item, n) => check(EVENT_REQUEST, item, `Event ${n + 1} is not valid`) as EventRequest,
  );
}

async function readEvents(context: ApiContext, { query }: ApiRequest): Promise<ApiAnswer> {
  const { log } = context;
  const since = queryValue(query, 'since');
  const limit = limitOf(query, { usual: 100, most: 1_000 });
  const topic = { type: queryValue(query, 'type'), id: queryValue(query, 'id') };
  if (topic.type !== undefined) checkReadable(topic.type, context);
  const { after, recovered } = startOf(log, since, topic.type);
  // Before the read: what is appended while a topic is searched for may be missed, and is for the next page.
  const top = log.top();
  const rows = await log.read({ after, limit, ...topic });
  const next = nextAfter(rows, limit, top);
  const page: EventPage = { epoch: log.epoch, events: rows.map(toLogEvent), next, recovered };
  return ok(page);
}

/** An empty page for a misspelt type would say that nothing happened. What is no type any more may have left rows. */
function checkReadable(type: string, { log, checkEventType }: ApiContext): void {
  const hasRows = (log.rowsByType().get(type) ?? 0) > 0;
  if (type !== ACCESS_EVENT_TYPE && !hasRows) checkEventType(type);
}

function nextAfter(rows: readonly LogRow[], limit: number, top: string): string {
  const last = rows.at(-1)?.seq;
  if (last === undefined) return top;
  return rows.length === limit || Number(last) > Number(top) ? last : top;
}

/** Where a reader starts that says what it saw last; without a word, at the oldest row. */
function startOf(
  log: EventLog,
  since: string | undefined,
  type: string | undefined,
): { readonly after: string; readonly recovered: boolean } {
  if (since !== undefined && log.holds(since, [])) {
    // Events of some types go earlier than others: what is left after the position comes all the same.
    return { after: since, recovered: log.holds(since, type === undefined ? undefined : [type]) };
  }
  const oldest = log.oldest();
  return {
    after: oldest === '0' ? '0' : String(Number(oldest) - 1),
    recovered: since === undefined,
  };
}

/** The HTTP side of server-sent events: statuses for what is refused, headers, the browser's question beforehand. Pure. */
import { type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Topic } from '../protocol/events.ts';
import { CLOSE, type CloseCode, type Closing } from './close-codes.ts';
import type { ReplyCode } from './protocols/events-v1.ts';
import { renderReplyV2 } from './protocols/events-v2-text.ts';

export interface Refusal {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** JSON. */
  readonly body: string;
}

const STATUS_OF_CODE: Readonly<Record<Exclude<ReplyCode, 0>, number>> = {
  1: 401,
  2: 401,
  3: 403,
  4: 403,
  5: 400,
};

const STATUS_OF_CLOSE: Readonly<Record<CloseCode, number>> = {
  [CLOSE.restart]: 503,
  [CLOSE.overloaded]: 503,
  [CLOSE.internal]: 500,
  [CLOSE.unauthenticated]: 401,
  [CLOSE.forbidden]: 403,
  [CLOSE.tooSlow]: 503,
  [CLOSE.limit]: 429,
  [CLOSE.rate]: 429,
};

export interface Objection {
  readonly code: Exclude<ReplyCode, 0>;
  readonly event?: Topic | undefined;
  readonly detail?: string | undefined;
}

/** The body is what v2 replies. */
export function refusalOf({ code, event, detail }: Objection): Refusal {
  const status = STATUS_OF_CODE[code];
  const headers = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  return { status, headers, body: renderReplyV2(code, { event, detail }) };
}

/** For a connection that is closed before it was answered. */
export function refusalOfClosing({ code, reason, retryMs }: Closing): Refusal {
  const headers: OutgoingHttpHeaders =
    retryMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryMs / 1_000)) };
  return { status: STATUS_OF_CLOSE[code], headers, body: JSON.stringify({ code, reason }) };
}

export const STREAM_HEADERS: OutgoingHttpHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies that gather answers would keep events from their readers.
  'x-accel-buffering': 'no',
};

/** @param origin of a page that may come in; undefined: no page asks */
export function corsHeaders(origin: string | undefined): OutgoingHttpHeaders {
  return origin === undefined ? {} : { 'access-control-allow-origin': origin, vary: 'origin' };
}

/** What a browser asks before it sends a token. */
const PREFLIGHT_HEADERS: OutgoingHttpHeaders = {
  'access-control-allow-methods': 'GET',
  'access-control-allow-headers': 'authorization, cache-control, last-event-id',
  'access-control-max-age': '600',
};

const MAX_RETRY_AFTER_S = 5;

/** Not all of them at once again. */
export function retryAfterSeconds(): number {
  return 1 + Math.floor(Math.random() * MAX_RETRY_AFTER_S);
}

/**
 * What objects to a request of the stream before it is read; undefined: nothing.
 * @param mayPass false: the gateway takes nobody now
 */
export function judgeStream(
  { method, headers: { origin } }: Pick<IncomingMessage, 'method' | 'headers'>,
  origins: readonly string[],
  mayPass: boolean,
): Refusal | undefined {
  const isAllowed = origin === undefined || origins.includes('*') || origins.includes(origin);
  const cors = isAllowed ? corsHeaders(origin) : {};
  const refuse = (status: number, headers: OutgoingHttpHeaders = {}): Refusal => ({
    ...{ status, body: status === 204 ? '' : `${STATUS_CODES[status]}\n` },
    headers: { ...cors, ...headers, connection: 'close' },
  });
  if (!isAllowed) return refuse(403);
  if (method === 'OPTIONS') return refuse(204, PREFLIGHT_HEADERS);
  if (method !== 'GET') return refuse(405, { allow: 'GET, OPTIONS' });
  return mayPass ? undefined : refuse(503, { 'retry-after': String(retryAfterSeconds()) });
}

/**
 * Events v2 as server-sent events: what a request asks for, and the text that it is sent.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * Pure. The data of an event is the very text that v2 pushes; its id is where to resume: `SEQ@EPOCH`.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { PublishedEvent } from '../../protocol/events.ts';
import type { Closing } from '../close-codes.ts';
import {
  type AskedTopic,
  type Problem,
  parseRequestV2,
  type RulesV2,
  type Start,
} from './events-v2.ts';

const STREAM_PATH = '/events';

export interface StreamRequest {
  /** Empty: not set. */
  readonly token: string;
  readonly topics: readonly AskedTopic[];
  readonly start: Start;
}

interface Position {
  readonly seq: string;
  readonly epoch: string;
}

const PARAMETERS: readonly string[] = ['type', 'id', 'topic', 'since', 'last'];
const TOKEN_PARAMETERS: readonly string[] = ['auth', 'token', 'access_token', 'authorization'];

export function isStreamPath(url: string | undefined): boolean {
  return url?.split('?', 1)[0] === STREAM_PATH;
}

/** The same rules as those of an attach of v2. */
export function parseStreamRequest(
  url: string,
  headers: IncomingHttpHeaders,
  rules: RulesV2,
): StreamRequest | Problem {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const problem = problemOf(query);
  if (problem !== undefined) return { problem };
  const events = topicsOf(query);
  if ('problem' in events) return events;
  const message = {
    action: 'attach',
    auth: tokenOf(headers),
    ...events,
    ...startOf(query, headers),
  };
  const request = parseRequestV2(message, rules);
  if ('problem' in request) return request;
  if (request.action !== 'attach') return { problem: 'expected topics' };
  const { token, topics, start } = request;
  return { token, topics, start };
}

function problemOf(query: URLSearchParams): string | undefined {
  for (const name of query.keys()) {
    if (PARAMETERS.includes(name)) continue;
    // A URL is written to logs and histories on its whole way.
    return TOKEN_PARAMETERS.includes(name.toLowerCase())
      ? `${name}: no token in a URL; send it as Authorization: Bearer`
      : `${name}: expected type, id, topic, since or last`;
  }
  return undefined;
}

/** `type=T&id=I`, as often as wanted, in pairs; or `topic=T/I`. `notification` needs no id: the user's own. */
function topicsOf(query: URLSearchParams): { readonly events: readonly object[] } | Problem {
  const types = query.getAll('type');
  const ids = query.getAll('id');
  const isOwn = types.length === 1 && ids.length === 0;
  if (!isOwn && types.length !== ids.length) {
    return { problem: `expected an id for each type, got ${types.length} and ${ids.length}` };
  }
  const pairs = types.map((type, index) => ({ type, id: ids[index] }));
  const joined = query.getAll('topic').map((topic) => {
    const slash = topic.indexOf('/');
    if (slash === -1) return { type: topic };
    return { type: topic.slice(0, slash), id: topic.slice(slash + 1) };
  });
  return { events: [...pairs, ...joined] };
}

function tokenOf({ authorization = '' }: IncomingHttpHeaders): string {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
}

/** What a client has that comes back says more than what its URL said when it came first. */
function startOf(query: URLSearchParams, headers: IncomingHttpHeaders): object {
  const seen = headers['last-event-id'];
  const position = (typeof seen === 'string' && seen !== '' ? seen : query.get('since')) ?? '';
  if (position !== '') {
    const at = position.indexOf('@');
    if (at === -1) return { since: position };
    return { since: position.slice(0, at), epoch: position.slice(at + 1) };
  }
  const last = query.get('last');
  return last === null ? {} : { last: last === '1' ? 1 : last };
}

/** @param text of the same event in v2 */
export function renderEvent({ seq }: PublishedEvent, text: string, epoch: string): string {
  // What is only live is no place to resume from: the id that the client has stays.
  return seq === undefined ? `data: ${text}\n\n` : `id: ${seq}@${epoch}\ndata: ${text}\n\n`;
}

/** @param reply as v2 answers an attach; @param at where to resume when the connection is lost at once */
export function renderAttached(reply: string, at: Position | undefined): string {
  const id = at === undefined ? '' : `id: ${at.seq}@${at.epoch}\n`;
  return `${id}event: attached\ndata: ${reply}\n\n`;
}

/** Moves the client's place without an event, so that it does not read on from long ago. */
export function renderPosition({ seq, epoch }: Position): string {
  return `id: ${seq}@${epoch}\n\n`;
}

export const HEARTBEAT = ':\n\n';

/** The last word. Who is to come back is told when, as EventSource understands it. */
export function renderClose({ code, reason, retryMs }: Closing): string {
  const retry = retryMs === undefined ? '' : `retry: ${retryMs}\n`;
  return `${retry}event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`;
}

/**
 * Events v1: requests in, replies and pushes out, as deployed clients know them, byte for byte.
 *
 * Pure. Judges the form of a request only; tokens, users and access are checked by the connection.
 */
import { isEventId, type PublishedEvent } from '../../protocol/events.ts';
import { asObject, type JsonObject } from './message.ts';

/** Key order and letters are fixed: golden tests hold every byte. */
export const REPLIES = {
  0: '{"status":200,"message":"Ok","code":0}',
  1: '{"status":400,"message":"Token not set","code":1}',
  2: '{"status":400,"message":"Invalid token","code":2}',
  3: '{"status":400,"message":"User not exists","code":3}',
  4: '{"status":400,"message":"Not access for dataset","code":4}',
  5: '{"status":400,"message":"Invalid request","code":5}',
} as const;

export type ReplyCode = keyof typeof REPLIES;

export interface EventsRequest {
  readonly action: 'attach' | 'detach';
  readonly type: string;
  /** Undefined only for `notification`: the user's own. */
  readonly id: string | undefined;
  /** Empty: not set. */
  readonly token: string;
}

/** A request's form: undefined means code 5. Keys that v1 does not know are ignored. */
export function parseRequest(
  message: JsonObject | undefined,
  eventTypes: ReadonlySet<string>,
): EventsRequest | undefined {
  const event = asObject(message?.event);
  if (message === undefined || event === undefined) return undefined;
  const { action, auth } = message;
  if (action !== 'attach' && action !== 'detach') return undefined;
  const token = auth ?? '';
  if (typeof token !== 'string') return undefined;
  const { type } = event;
  if (typeof type !== 'string' || !eventTypes.has(type)) return undefined;
  const id = event.id ?? undefined;
  if (id === undefined && type === 'notification') return { action, type, id, token };
  return typeof id === 'string' && isEventId(id) ? { action, type, id, token } : undefined;
}

/** One event as every subscriber gets it. */
export function renderPush(event: PublishedEvent): string {
  return JSON.stringify({ type: event.type, id: event.id, data: event.data });
}

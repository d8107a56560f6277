/**
 * Events v2, what a client says: v1 plus keys that are only there for those who ask.
 *
 * Pure. Judges the form of a request only; tokens, users and access are checked by the connection.
 */
import { isEventId, type Topic } from '../../protocol/events.ts';
import { asObject, type JsonObject } from './message.ts';

export type Rid = number | string;

/** An object, or all that a pattern covers. The id is undefined only for `notification`: the user's own. */
export interface AskedTopic {
  readonly type: string;
  readonly id: string | undefined;
}

/** Where the events of an attach begin. */
export type Start =
  /** With what is published from now on. */
  | { readonly from: 'now' }
  /** After the last one that the client saw. */
  | { readonly from: 'position'; readonly since: string; readonly epoch: string | undefined }
  /** After what was acknowledged under this name. */
  | { readonly from: 'cursor'; readonly name: string }
  /** With the newest one that there is. */
  | { readonly from: 'last' };

interface Asked {
  readonly rid: Rid | undefined;
  /** Empty: not set. */
  readonly token: string;
}

export type RequestV2 = Asked &
  (
    | {
        readonly action: 'attach';
        readonly topics: readonly AskedTopic[];
        readonly start: Start;
      }
    | { readonly action: 'detach'; readonly topics: readonly AskedTopic[] }
    | {
        readonly action: 'presence';
        readonly topics: readonly AskedTopic[];
        readonly watch: boolean | undefined;
      }
    | { readonly action: 'ack'; readonly seq: string }
    | { readonly action: 'auth' }
    | { readonly action: 'ping' }
  );

/** What is wrong, in words, for who writes the client. */
export interface Problem {
  readonly problem: string;
}

export interface RulesV2 {
  readonly eventTypes: ReadonlySet<string>;
  /** Topics in one request. */
  readonly maxTopics: number;
}

const KEYS = ['rid', 'since', 'epoch', 'events', 'last', 'cursor'];
const ACTIONS = new Set<unknown>(['ack', 'auth', 'ping', 'presence']);
const MAX_RID_BYTES = 64;
const MAX_POSITION_BYTES = 64;
/** Without a colon, so that `client:USER:NAME` can be taken apart again. */
const CURSOR_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** True for a message that only a client of v2 sends: from it on the connection is v2. */
export function speaksV2(message: JsonObject): boolean {
  return ACTIONS.has(message.action) || KEYS.some((key) => Object.hasOwn(message, key));
}

/** What a reply repeats of a request, even of one that is not valid. */
export function ridOf({ rid }: JsonObject): Rid | undefined {
  if (typeof rid === 'number') return Number.isSafeInteger(rid) ? rid : undefined;
  if (typeof rid !== 'string') return undefined;
  return Buffer.byteLength(rid) <= MAX_RID_BYTES ? rid : undefined;
}

/** True for an id that stands for many: `*`, or a beginning that ends in `.*`. */
export function isPattern(id: string): boolean {
  return id === '*' || id.endsWith('.*');
}

export function parseRequestV2(message: JsonObject, rules: RulesV2): RequestV2 | Problem {
  const { action, auth } = message;
  const rid = ridOf(message);
  if (rid === undefined && Object.hasOwn(message, 'rid')) {
    return { problem: 'rid: expected a whole number or a text of at most 64 bytes' };
  }
  const token = auth ?? '';
  if (typeof token !== 'string') return { problem: 'auth: expected text' };
  const asked = { rid, token };
  switch (action) {
    case 'attach':
      return parseAttach(message, asked, rules);
    case 'detach': {
      const topics = topicsOf(message, rules);
      return 'problem' in topics ? topics : { ...asked, action, ...topics };
    }
    case 'presence':
      return parsePresence(message, asked, rules);
    case 'ack': {
      const seq = positionOf(message.seq);
      return seq === undefined
        ? { problem: 'seq: expected a position as text' }
        : { ...asked, action, seq };
    }
    case 'auth':
    case 'ping':
      return { ...asked, action };
    default:
      return { problem: 'action: expected attach, detach, ack, auth, ping or presence' };
  }
}

function parseAttach(message: JsonObject, asked: Asked, rules: RulesV2): RequestV2 | Problem {
  const found = topicsOf(message, rules);
  if ('problem' in found) return found;
  const start = startOf(message);
  if ('problem' in start) return start;
  const { topics } = found;
  if (start.from === 'last' && topics.some(({ id }) => id !== undefined && isPattern(id))) {
    return { problem: 'last: a pattern has no last value' };
  }
  return { ...asked, action: 'attach', topics, start };
}

function parsePresence(message: JsonObject, asked: Asked, rules: RulesV2): RequestV2 | Problem {
  const found = topicsOf(message, rules);
  if ('problem' in found) return found;
  const { watch } = message;
  if (watch !== undefined && typeof watch !== 'boolean') {
    return { problem: 'watch: expected true or false' };
  }
  if (found.topics.some(({ id }) => id !== undefined && isPattern(id))) {
    return { problem: 'presence: a pattern is no topic that somebody is at' };
  }
  return { ...asked, action: 'presence', ...found, watch };
}

function startOf({ since, epoch, cursor, last }: JsonObject): Start | Problem {
  const given = [since, cursor, last].filter((key) => key !== undefined);
  if (given.length > 1) return { problem: 'expected one of since, cursor and last' };
  if (epoch !== undefined && positionOf(epoch) === undefined) {
    return { problem: 'epoch: expected text' };
  }
  if (since !== undefined) {
    const position = positionOf(since);
    if (position === undefined) return { problem: 'since: expected a position as text' };
    return { from: 'position', since: position, epoch: positionOf(epoch) };
  }
  if (cursor !== undefined) {
    if (typeof cursor === 'string' && CURSOR_NAME.test(cursor)) {
      return { from: 'cursor', name: cursor };
    }
    return { problem: 'cursor: expected 1 to 64 of letters, digits, _ . -' };
  }
  if (last === undefined) return { from: 'now' };
  return last === 1 ? { from: 'last' } : { problem: 'last: expected 1' };
}

/** Positions and epochs are opaque; only their length is looked at. */
function positionOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return Buffer.byteLength(value) <= MAX_POSITION_BYTES ? value : undefined;
}

function topicsOf(
  { event, events }: JsonObject,
  { eventTypes, maxTopics }: RulesV2,
): { readonly topics: readonly AskedTopic[] } | Problem {
  if (events === undefined) {
    const topic = topicOf(event, eventTypes);
    return topic === undefined ? noTopic('event') : { topics: [topic] };
  }
  if (event !== undefined) return { problem: 'expected event or events, not both' };
  if (!Array.isArray(events) || events.length === 0 || events.length > maxTopics) {
    return { problem: `events: expected 1 to ${maxTopics} of them` };
  }
  const topics: AskedTopic[] = [];
  for (const [index, one] of events.entries()) {
    const topic = topicOf(one, eventTypes);
    if (topic === undefined) return noTopic(`events[${index}]`);
    topics.push(topic);
  }
  return { topics };
}

function noTopic(where: string): Problem {
  return { problem: `${where}: expected a known type, and an id of 1 to 256 bytes` };
}

function topicOf(value: unknown, eventTypes: ReadonlySet<string>): AskedTopic | undefined {
  const { type, id = undefined } = asObject(value) ?? {};
  if (typeof type !== 'string' || !eventTypes.has(type)) return undefined;
  if ((id ?? undefined) === undefined) {
    return type === 'notification' ? { type, id: undefined } : undefined;
  }
  return typeof id === 'string' && isEventId(id) ? { type, id } : undefined;
}

/** A topic without an id is the user's own. Each once, in the order in which they were asked for. */
export function topicsFor(asked: readonly AskedTopic[], user: string): readonly Topic[] {
  const byKey = new Map<string, Topic>();
  for (const { type, id = user } of asked) byKey.set(`${type}\n${id}`, { type, id });
  return [...byKey.values()];
}

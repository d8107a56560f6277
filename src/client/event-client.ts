/**
 * Events for other programs: published under a key each, so that one whose answer was lost in a restart is
 * published once; their types, and what describes them.
 */
import { TaskbellError } from '../protocol/errors.ts';
import {
  type EventRequest,
  type EventTypesView,
  MAX_EVENTS_AT_ONCE,
  type PublishedEvent,
} from '../protocol/events.ts';
import type { Json } from '../protocol/json.ts';
import type { ControlHttp } from './control-http.ts';
import { Gatherer } from './gatherer.ts';
import { toText } from './json-text.ts';

/** Posts events under a key. */
export type PostEvents = (body: string) => Promise<unknown>;

export class EventClient {
  readonly #http: ControlHttp;
  readonly #post: PostEvents;
  readonly #gatherer: Gatherer<PublishedEvent>;

  constructor(http: ControlHttp, post: PostEvents) {
    this.#http = http;
    this.#post = post;
    this.#gatherer = new Gatherer({
      send: (body) => this.#send(body),
      maxCount: MAX_EVENTS_AT_ONCE,
    });
  }

  /** Single ones of one event-loop turn share a request; a list is all or none. */
  async publish(
    events: EventRequest | readonly EventRequest[],
  ): Promise<readonly PublishedEvent[]> {
    if (!isList(events)) return [await this.#gatherer.add(toText(events))];
    if (events.length <= MAX_EVENTS_AT_ONCE) return this.#send(toText(events));
    throw new TaskbellError(
      'E_PAYLOAD_TOO_LARGE',
      `At most ${MAX_EVENTS_AT_ONCE} events are published at once, got ${events.length}.`,
      { hint: 'Publish them in several calls.' },
    );
  }

  /** Every type, with how it is delivered and kept, its schema, and how many of it the log holds. */
  async types(): Promise<EventTypesView> {
    return (await this.#http.call({ method: 'GET', path: '/v1/event-types' })) as EventTypesView;
  }

  /** The events as an AsyncAPI 3 document. */
  async asyncApi(): Promise<Json> {
    return (await this.#http.call({ method: 'GET', path: '/asyncapi.json' })) as Json;
  }

  async #send(body: string): Promise<readonly PublishedEvent[]> {
    return ((await this.#post(body)) as { events: PublishedEvent[] }).events;
  }
}

function isList(events: EventRequest | readonly EventRequest[]): events is readonly EventRequest[] {
  return Array.isArray(events);
}

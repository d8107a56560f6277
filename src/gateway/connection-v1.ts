/**
 * Serves one request of events v1: judges it, attaches or detaches, answers.
 *
 * An attach counts from the moment at which its reply is written, which waits until the core sends events
 * of that type. Writes nothing that v1 does not have.
 */
import type { Topic } from '../protocol/events.ts';
import type { ConnectionLink, ConnectionWorld } from './connection-world.ts';
import {
  type EventsRequest,
  parseRequest,
  REPLIES,
  type ReplyCode,
} from './protocols/events-v1.ts';
import type { JsonObject } from './protocols/message.ts';

export class RequestsV1 {
  readonly #link: ConnectionLink;
  readonly #world: ConnectionWorld;

  constructor(link: ConnectionLink, world: ConnectionWorld) {
    this.#link = link;
    this.#world = world;
  }

  async serve(message: JsonObject | undefined): Promise<void> {
    const request = parseRequest(message, this.#world.eventTypes);
    const code = request === undefined ? 5 : await this.#judge(request);
    if (this.#isEnding) return;
    if (request === undefined || code !== 0) this.#reply(code);
    else if (request.action === 'detach') this.#reply(this.#apply(request));
    else {
      await this.#world.followed.whenFollowed([request.type], () => {
        // Nothing may come between these two: an event is pushed after the reply or not at all.
        if (!this.#isEnding) this.#reply(this.#apply(request));
      });
    }
  }

  get #isEnding(): boolean {
    return this.#link.signal.aborted;
  }

  #reply(code: ReplyCode): void {
    this.#link.say(REPLIES[code]);
  }

  /** The order of the checks is documented: token set, token valid, user known, access. */
  async #judge(request: EventsRequest): Promise<ReplyCode> {
    if (request.token === '') return 1;
    const { signal, identity } = this.#link;
    const user = await identity.show(request.token, signal);
    if (user === undefined) return 2;
    const { type, id = user } = request;
    const code = await this.#world.access.check({ user, type, id }, signal);
    // Who lost the right to see an object may still let go of it.
    return code === 4 && request.action === 'detach' ? 0 : code;
  }

  #apply({ action, type, id = this.#link.identity.user ?? '' }: EventsRequest): ReplyCode {
    const { subscriptions } = this.#world.hub;
    const { subscriber } = this.#link;
    const topic: Topic = { type, id };
    if (action === 'detach') {
      subscriptions.detach(subscriber, topic);
      return 0;
    }
    const isFull = subscriptions.countOf(subscriber) >= this.#world.limits.maxSubscriptions;
    if (isFull && !subscriptions.has(subscriber, topic)) return 5;
    subscriptions.attach(subscriber, topic);
    return 0;
  }
}

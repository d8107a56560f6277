/**
 * Serves one request of events v2: judges it, does it, answers.
 *
 * Requests are served one after the other, history included, so that one read at a time is under way for a
 * connection. An attach of several topics is done whole or not at all.
 */
import { setMaxListeners } from 'node:events';
import type { Topic } from '../protocol/events.ts';
import type { HistoryPage } from '../protocol/history.ts';
import { AcknowledgedPosition } from './acknowledged-position.ts';
import type { ConnectionLink, ConnectionWorld } from './connection-world.ts';
import type { ReplyCode } from './protocols/events-v1.ts';
import {
  isPattern,
  parseRequestV2,
  type RequestV2,
  ridOf,
  type Start,
  topicsFor,
} from './protocols/events-v2.ts';
import { type ReplyFacts, renderReplyV2, renderWithdrawn } from './protocols/events-v2-text.ts';
import type { JsonObject } from './protocols/message.ts';
import { Resume } from './resume.ts';

type Attach = Extract<RequestV2, { action: 'attach' }>;
type AskPresence = Extract<RequestV2, { action: 'presence' }>;
type OnTopics = Extract<RequestV2, { action: 'attach' | 'detach' | 'presence' }>;

/** What objects to a request. */
interface Objection {
  readonly code: ReplyCode;
  readonly event?: Topic;
  readonly detail?: string;
}

/** Questions of one request that are under way at once. */
const QUESTIONS_AT_ONCE = 32;

export class RequestsV2 {
  readonly #link: ConnectionLink;
  readonly #world: ConnectionWorld;
  readonly #acknowledged: AcknowledgedPosition;

  constructor(link: ConnectionLink, world: ConnectionWorld) {
    this.#link = link;
    this.#world = world;
    this.#acknowledged = new AcknowledgedPosition(world.cursors);
  }

  async serve(message: JsonObject | undefined): Promise<void> {
    if (message === undefined) {
      this.#reply(5, { detail: 'expected a text frame with one JSON object' });
      return;
    }
    const { eventTypes, limits } = this.#world;
    const request = parseRequestV2(message, { eventTypes, maxTopics: limits.maxSubscriptions });
    if ('problem' in request) this.#reply(5, { rid: ridOf(message), detail: request.problem });
    else await this.#do(request);
  }

  /** The user may not see these any more. */
  withdraw(topics: readonly Topic[]): void {
    this.#detach(topics);
    for (const topic of topics) this.#link.say(renderWithdrawn(topic));
  }

  get #isEnding(): boolean {
    return this.#link.signal.aborted;
  }

  #reply(code: ReplyCode, facts: ReplyFacts): void {
    if (!this.#isEnding) this.#link.say(renderReplyV2(code, facts));
  }

  async #do(request: RequestV2): Promise<void> {
    const { rid } = request;
    if (request.action === 'ping') {
      this.#reply(0, { rid });
      return;
    }
    const objection = await this.#objectTo(request);
    if (this.#isEnding) return;
    if (objection !== undefined) {
      this.#reply(objection.code, { ...objection, rid });
      return;
    }
    switch (request.action) {
      case 'auth':
        this.#reply(0, { rid });
        return;
      case 'ack':
        this.#acknowledge(request.seq, rid);
        return;
      case 'detach':
        this.#detach(this.#topicsOf(request));
        this.#reply(0, { rid });
        return;
      case 'attach':
        await this.#attach(request, this.#topicsOf(request));
        return;
      case 'presence':
        await this.#tellPresence(request);
    }
  }

  /** The order of the checks is that of v1: token set, token valid, user known, access. */
  async #objectTo(request: RequestV2): Promise<Objection | undefined> {
    const code = await this.#judgeToken(request);
    if (code !== 0) return { code };
    return 'topics' in request ? this.#objectToTopics(request) : undefined;
  }

  /** A token is shown with a request, or was shown before; `auth` is there to show one. */
  async #judgeToken({ token, action }: RequestV2): Promise<0 | 1 | 2> {
    const { identity, signal } = this.#link;
    if (token !== '') return (await identity.show(token, signal)) === undefined ? 2 : 0;
    const shown = identity.token;
    if (shown === undefined || action === 'auth') return 1;
    return shown.onExpiry === 'keep' || this.#world.clock.now() < shown.expiresAt ? 0 : 2;
  }

  async #objectToTopics(request: OnTopics): Promise<Objection | undefined> {
    const topics = this.#topicsOf(request);
    // Each question listens to it; for one alone it would only cost.
    if (topics.length > 1) setMaxListeners(0, this.#link.signal);
    for (let at = 0; at < topics.length; at += QUESTIONS_AT_ONCE) {
      const some = topics.slice(at, at + QUESTIONS_AT_ONCE);
      const codes = await Promise.all(some.map((topic) => this.#checkAccess(topic)));
      const index = codes.findIndex((code) => !mayPass(code, request.action));
      const event = some[index];
      if (event !== undefined) return { code: codes[index] ?? 4, event };
    }
    return request.action === 'attach' ? this.#objectToNumber(topics) : undefined;
  }

  #checkAccess({ type, id }: Topic): Promise<0 | 3 | 4> {
    const { identity, signal } = this.#link;
    return this.#world.access.check({ user: identity.user ?? '', type, id }, signal);
  }

  #objectToNumber(topics: readonly Topic[]): Objection | undefined {
    const { subscriptions } = this.#world.hub;
    const { subscriber } = this.#link;
    const added = topics.filter((topic) =>
      isPattern(topic.id)
        ? !subscriptions.hasPattern(subscriber, topic)
        : !subscriptions.has(subscriber, topic),
    ).length;
    const { maxSubscriptions } = this.#world.limits;
    if (added === 0 || subscriptions.countOf(subscriber) + added <= maxSubscriptions)
      return undefined;
    return { code: 5, detail: `at most ${maxSubscriptions} subscriptions` };
  }

  #topicsOf({ topics }: OnTopics): readonly Topic[] {
    return topicsFor(topics, this.#link.identity.user ?? '');
  }

  #detach(topics: readonly Topic[]): void {
    const { subscriptions } = this.#world.hub;
    const { subscriber } = this.#link;
    for (const topic of topics) {
      // What was attached before the connection was v2 is taken as it was written.
      subscriptions.detach(subscriber, topic);
      if (isPattern(topic.id)) subscriptions.detachPattern(subscriber, topic);
    }
  }

  async #attach({ start, rid }: Attach, topics: readonly Topic[]): Promise<void> {
    const from = await this.#beginning(start);
    if (from === 'other cursor') {
      this.#reply(5, { rid, detail: 'cursor: this connection has another one' });
      return;
    }
    const types = [...new Set(topics.map(({ type }) => type))];
    let resume: Resume | undefined;
    await this.#world.followed.whenFollowed(types, () => {
      if (this.#isEnding) return;
      // From this moment on: said at once, or held until the history was said.
      this.#subscribe(topics);
      if (from === undefined) this.#reply(0, { rid, ...this.#world.position() });
      else {
        const answer = (page: HistoryPage): void => this.#answerHistory(page, start, rid);
        resume = new Resume(this.#link, this.#world, { topics, from, answer });
      }
    });
    this.#acknowledged.noteSaid(await resume?.run());
  }

  #subscribe(topics: readonly Topic[]): void {
    const { subscriptions } = this.#world.hub;
    for (const topic of topics) {
      if (isPattern(topic.id)) subscriptions.attachPattern(this.#link.subscriber, topic);
      else subscriptions.attach(this.#link.subscriber, topic);
    }
  }

  /** What is asked of the history; undefined: nothing. */
  async #beginning(start: Start) {
    switch (start.from) {
      case 'now':
        return undefined;
      case 'last':
        return { last: true } as const;
      case 'position': {
        const { since, epoch } = start;
        return epoch === undefined ? { since } : { since, epoch };
      }
      case 'cursor': {
        const cursor = { user: this.#link.identity.user ?? '', name: start.name };
        return (await this.#acknowledged.begin(cursor)) ? { cursor } : 'other cursor';
      }
    }
  }

  #answerHistory(page: HistoryPage, start: Start, rid: ReplyFacts['rid']): void {
    const { epoch, next } = page;
    if (start.from === 'last') {
      this.#reply(0, { rid, seq: next, epoch });
      return;
    }
    const recovered = page.recovered && (start.from === 'position' || !this.#acknowledged.hasMoved);
    this.#reply(0, { rid, seq: seqOf(page, start), epoch, recovered });
  }

  #acknowledge(seq: string, rid: ReplyFacts['rid']): void {
    const detail = this.#acknowledged.move(seq, this.#world.position().seq);
    if (detail === undefined) this.#reply(0, { rid });
    else this.#reply(5, { rid, detail });
  }

  async #tellPresence(request: AskPresence): Promise<void> {
    const { presence } = this.#world;
    const { rid } = request;
    if (presence === undefined) this.#reply(5, { rid, detail: 'presence is not told here' });
    else {
      const asked = { topics: this.#topicsOf(request), watch: request.watch, rid };
      const text = await presence.answer(asked, this.#link);
      if (!this.#isEnding) this.#link.say(text);
    }
  }
}

/** Who lost the right to see an object may still let go of it. */
function mayPass(code: 0 | 3 | 4, action: RequestV2['action']): boolean {
  return code === 0 || (code === 4 && action === 'detach');
}

/** A position after which all events of the topics come; of a history that is not whole, its oldest event. */
function seqOf({ recovered, oldest, events, next, since }: HistoryPage, start: Start): string {
  if (!recovered) return oldest;
  if (events.length === 0) return next;
  return start.from === 'position' ? start.since : since;
}

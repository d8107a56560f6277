/**
 * One client of server-sent events: a request that is judged, answered, and then told of events until it ends.
 *
 *   asked ─▶ refused (an HTTP status)        asked ─▶ attached ─▶ closing (the last word) ─▶ gone
 *
 * Tokens, access, limits, history and heartbeats are those of events v2. It can ask for nothing later: who wants
 * other topics, or has lost one of them, comes again.
 */
import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ValidToken } from '../auth/token-verifier.ts';
import type { PublishedEvent, Topic } from '../protocol/events.ts';
import type { HistoryPage } from '../protocol/history.ts';
import { AccessRecheck } from './access-recheck.ts';
import { CLOSE, type Closing, closing } from './close-codes.ts';
import { dueNow, type Moment, slowClosing } from './connection-health.ts';
import { ConnectionIdentity } from './connection-identity.ts';
import type { ConnectionWorld } from './connection-world.ts';
import type { EventMessages } from './event-messages.ts';
import { type HeldEvents, Holds } from './history-hold.ts';
import type { Subscriber, SubscriberFacts } from './hub.ts';
import { isPattern } from './protocols/events-v2.ts';
import { renderPushV2, renderReplyV2 } from './protocols/events-v2-text.ts';
import {
  HEARTBEAT,
  renderAttached,
  renderClose,
  renderEvent,
  renderPosition,
} from './protocols/sse.ts';
import { Resume, type ResumeLink } from './resume.ts';
import {
  corsHeaders,
  type Refusal,
  refusalOf,
  refusalOfClosing,
  STREAM_HEADERS,
} from './sse-answer.ts';
import { type Judged, judgeStreamRequest } from './sse-judgement.ts';
import { SseOutlet } from './sse-outlet.ts';

export class SseConnection implements Subscriber, ResumeLink {
  readonly identity: ConnectionIdentity;
  readonly #world: ConnectionWorld;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #outlet: SseOutlet;
  readonly #recheck: AccessRecheck;
  readonly #holds = new Holds();
  readonly #ended = new AbortController();
  readonly #number: number;
  readonly #openedAt: number;
  readonly #openedAtMono: number;
  #beatAtMono: number;
  #syncedAtMono: number;
  #isEnding = false;

  /** @param request a GET of the stream's path, of a page that may come in */
  constructor(request: IncomingMessage, response: ServerResponse, world: ConnectionWorld) {
    const nowMono = world.clock.nowMono();
    this.#world = world;
    this.#request = request;
    this.#response = response;
    this.#openedAt = world.clock.now();
    this.#openedAtMono = nowMono;
    this.#beatAtMono = nowMono;
    this.#syncedAtMono = nowMono;
    this.identity = new ConnectionIdentity(world.verifier, {
      claim: (user) => this.#claim(user),
    });
    this.#outlet = new SseOutlet(response, world.fanOut, {
      maxUnread: world.limits.maxUnread,
      onTooSlow: () => this.close(slowClosing()),
    });
    this.#recheck = new AccessRecheck(this, world, () =>
      this.close(closing(CLOSE.forbidden, 'access was withdrawn')),
    );
    // Each question about a topic listens to it.
    setMaxListeners(0, this.signal);
    this.#number = world.hub.join(this);
    response.once('close', () => this.#onClose());
    response.on('error', (err) => world.log.debug({ err }, 'connection failed'));
  }

  get subscriber(): Subscriber {
    return this;
  }

  get token(): ValidToken | undefined {
    return this.identity.token;
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when it is attached and was sent its history, refused, or gone. Never rejects. */
  async serve(): Promise<void> {
    try {
      const judged = await judgeStreamRequest(this.#request, this, this.#world);
      if (this.#isEnding) return;
      if ('code' in judged) this.#refuse(refusalOf(judged));
      else await this.#attach(judged);
    } catch (err) {
      if (this.#isEnding) return;
      this.#world.log.error({ err }, 'a stream of events could not be served');
      this.close(closing(CLOSE.internal, 'internal error'));
    }
  }

  push(messages: EventMessages): void {
    if (this.#isEnding) return;
    if (this.#holds.take(messages)) return;
    this.#outlet.send(messages.sse(this.#world.position().epoch).payload);
  }

  say(text: string): void {
    if (!this.#isEnding) this.#outlet.send(Buffer.from(text));
  }

  hold(events: HeldEvents): void {
    this.#holds.add(events);
  }

  drained(): Promise<void> {
    return this.#outlet.drained(this.signal);
  }

  describe(): SubscriberFacts {
    return {
      number: this.#number,
      address: this.#request.socket.remoteAddress,
      protocol: 'sse',
      openedAt: this.#openedAt,
      // It said what it wanted, and says nothing more.
      heardAt: this.#openedAt,
      unreadBytes: this.#outlet.unreadBytes,
    };
  }

  tick({ now, nowMono }: Moment): void {
    if (this.#isEnding) return;
    const due = dueNow(
      {
        openedAtMono: this.#openedAtMono,
        token: this.token,
        pingedAtMono: this.#beatAtMono,
        // Nobody answers a heartbeat here: who is gone is found by what stays unread.
        heardSincePing: true,
        unreadBytes: this.#outlet.unreadBytes,
        allReadAtMono: this.#outlet.allReadAtMono(nowMono),
      },
      this.#world.limits,
      { now, nowMono },
    );
    if (due.kind === 'close') this.close(due.closing);
    else if (this.#response.headersSent) this.#beat(nowMono, due.kind === 'ping');
  }

  /** What is asked for before it is attached is judged once more when it is. */
  recheckAccess(): void {
    if (!this.#isEnding) void this.#recheck.run();
  }

  close(closed: Closing): void {
    if (this.#isEnding) return;
    this.#end();
    this.#world.hub.metrics.noteClosed(closed.code);
    this.#world.hub.subscriptions.drop(this);
    const { code, reason } = closed;
    const facts = { code, reason, user: this.identity.user, unreadBytes: this.#outlet.unreadBytes };
    this.#world.log.debug(facts, 'closing a stream of events');
    if (!this.#response.headersSent) this.#answer(refusalOfClosing(closed));
    else if (code === CLOSE.tooSlow) this.#response.destroy();
    else this.#outlet.end(renderClose(closed));
  }

  terminate(): void {
    this.#end();
    this.#response.destroy();
  }

  async #attach({ start, topics }: Judged): Promise<void> {
    const types = [...new Set(topics.map(({ type }) => type))];
    let resume: Resume | undefined;
    await this.#world.followed.whenFollowed(types, () => {
      if (this.#isEnding) return;
      this.#subscribe(topics);
      // What was allowed before the types were followed may have been withdrawn meanwhile.
      this.recheckAccess();
      if (start.from === 'position' || start.from === 'last') {
        const from = start.from === 'last' ? ({ last: true } as const) : positionOf(start);
        const answer = (page: HistoryPage): void =>
          this.#answerHistory(page, start.from === 'last');
        const render = (event: PublishedEvent): string => this.#render(event);
        resume = new Resume(this, this.#world, { topics, from, answer, render });
      } else {
        const position = this.#world.position();
        this.#begin(renderAttached(renderReplyV2(0, position), position));
      }
    });
    await resume?.run();
  }

  #subscribe(topics: readonly Topic[]): void {
    const { subscriptions } = this.#world.hub;
    for (const topic of topics) {
      if (isPattern(topic.id)) subscriptions.attachPattern(this, topic);
      else subscriptions.attach(this, topic);
    }
  }

  /** Of a history that is not whole the client keeps its old place: it learns again that something is missing. */
  #answerHistory(
    { recovered, oldest, next, since, epoch, events }: HistoryPage,
    isLast: boolean,
  ): void {
    if (isLast) {
      const position = { seq: next, epoch };
      this.#begin(
        renderAttached(renderReplyV2(0, position), events.length === 0 ? position : undefined),
      );
      return;
    }
    const seq = recovered ? (events.length === 0 ? next : since) : oldest;
    const reply = renderReplyV2(0, { seq, epoch, recovered });
    this.#begin(renderAttached(reply, recovered ? { seq, epoch } : undefined));
  }

  #render(event: PublishedEvent): string {
    return renderEvent(event, renderPushV2(event), this.#world.position().epoch);
  }

  #begin(text: string): void {
    const cors = corsHeaders(this.#request.headers.origin);
    this.#response.writeHead(200, { ...STREAM_HEADERS, ...cors, connection: 'close' });
    this.say(text);
  }

  #beat(nowMono: number, isDue: boolean): void {
    const position = this.#world.position();
    const isSyncDue = nowMono - this.#syncedAtMono >= this.#world.limits.syncInterval;
    // Not while events are held: the client does not have what lies before the position.
    const text =
      isSyncDue && this.#holds.arePast(position.seq) ? renderPosition(position) : HEARTBEAT;
    if (text === HEARTBEAT && !isDue) return;
    if (text !== HEARTBEAT) this.#syncedAtMono = nowMono;
    this.#beatAtMono = nowMono;
    this.say(text);
  }

  #refuse(refusal: Refusal): void {
    this.#end();
    this.#answer(refusal);
  }

  #answer({ status, headers, body }: Refusal): void {
    const cors = corsHeaders(this.#request.headers.origin);
    const type = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    this.#response
      .writeHead(status, { ...type, ...cors, ...headers, connection: 'close' })
      .end(body);
  }

  #end(): void {
    this.#isEnding = true;
    this.#ended.abort();
  }

  #onClose(): void {
    if (!this.#isEnding) this.#world.hub.metrics.noteClosed('client');
    this.#end();
    this.#world.hub.leave(this, this.identity.user);
  }

  /** The first valid token decides whose connection it is. */
  #claim(user: string): boolean {
    const { hub, limits } = this.#world;
    if (hub.claimUser(this, user, limits.maxConnectionsPerUser)) return true;
    this.close(closing(CLOSE.limit, 'too many connections of this user'));
    return false;
  }
}

function positionOf({
  since,
  epoch,
}: {
  readonly since: string;
  readonly epoch: string | undefined;
}) {
  return epoch === undefined ? { since } : { since, epoch };
}

/**
 * One client's WebSocket, speaking events v1.
 *
 *   open ─▶ known (first valid token) ─▶ closing ─▶ gone        any ─▶ closing | gone
 *
 * Requests are served one after the other, so replies come in their order; an attach counts from the
 * moment at which its reply is written, which waits until the core sends events of that type. Writes nothing to a client that v1 does not have.
 */
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { TokenVerifier } from '../auth/token-verifier.ts';
import type { WebSocketEventsSettings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type { Topic } from '../protocol/events.ts';
import type { AccessCheck } from './access.ts';
import { CLOSE, type Closing, closing, closingWithRetry } from './close-codes.ts';
import {
  type ConnectionFacts,
  dueNow,
  type HealthLimits,
  type Moment,
  slowClosing,
} from './connection-health.ts';
import type { FanOut, Message } from './fan-out.ts';
import type { FollowedTypes } from './followed-types.ts';
import type { Clock, Hub, Subscriber } from './hub.ts';
import { Outlet } from './outlet.ts';
import {
  type EventsRequest,
  parseRequest,
  REPLIES,
  type ReplyCode,
} from './protocols/events-v1.ts';
import { type Bucket, fullBucket, takeToken } from './rate-limit.ts';

/** What all connections of a gateway share. */
export interface ConnectionWorld {
  readonly limits: WebSocketEventsSettings & HealthLimits;
  readonly eventTypes: ReadonlySet<string>;
  readonly verifier: TokenVerifier;
  readonly access: AccessCheck;
  readonly hub: Hub;
  readonly fanOut: FanOut;
  readonly followed: FollowedTypes;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Requests that wait for their turn: more than any burst that the rate limit lets pass by default. */
const MAX_WAITING = 256;
const OVERLOAD_RETRY_MS = 1_000;

export class Connection implements Subscriber {
  readonly #world: ConnectionWorld;
  readonly #socket: WebSocket;
  readonly #outlet: Outlet;
  readonly #ended = new AbortController();
  readonly #openedAtMono: number;
  #bucket: Bucket;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #user: string | undefined;
  #tokenExpiresAt: number | undefined;
  #pingedAtMono: number;
  #heardSincePing = true;

  /** @param transport the socket below `socket`; says when what was unread has been read */
  constructor(socket: WebSocket, transport: Socket, world: ConnectionWorld) {
    const nowMono = world.clock.nowMono();
    this.#world = world;
    this.#socket = socket;
    this.#openedAtMono = nowMono;
    this.#pingedAtMono = nowMono;
    this.#outlet = new Outlet(world.fanOut, {
      ...{ socket, transport, maxUnread: world.limits.maxUnread },
      onTooSlow: () => this.close(slowClosing()),
    });
    this.#bucket = fullBucket(world.limits, nowMono);
    world.hub.join(this);
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('ping', () => this.#mayPass());
    socket.on('pong', () => this.#heard());
    socket.on('close', (code) => this.#onClose(code));
    // ws closes by itself with the fitting code (1002, 1007, 1009).
    socket.on('error', (err) => world.log.debug({ err }, 'connection failed'));
  }

  push(message: Message): void {
    if (!this.#isEnding) this.#outlet.send(message);
  }

  tick(moment: Moment): void {
    if (this.#isEnding) return;
    const due = dueNow(this.#facts(moment.nowMono), this.#world.limits, moment);
    switch (due.kind) {
      case 'nothing':
        return;
      case 'ping':
        this.#pingedAtMono = moment.nowMono;
        this.#heardSincePing = false;
        this.#socket.ping();
        return;
      case 'terminate':
        this.terminate();
        return;
      case 'close':
        this.close(due.closing);
    }
  }

  /** From here on nothing is served and nothing is pushed; ws drops a peer that does not answer. */
  close({ code, reason }: Closing): void {
    if (this.#isEnding) return;
    this.#ended.abort();
    this.#world.hub.subscriptions.drop(this);
    const { unreadBytes } = this.#outlet;
    const facts = { code, reason, user: this.#user, unreadBytes };
    this.#world.log.debug(facts, 'closing a connection');
    this.#outlet.close(code, reason);
  }

  terminate(): void {
    this.#ended.abort();
    this.#outlet.discard();
    this.#socket.terminate();
  }

  get #isEnding(): boolean {
    return this.#ended.signal.aborted;
  }

  #facts(nowMono: number): ConnectionFacts {
    return {
      openedAtMono: this.#openedAtMono,
      tokenExpiresAt: this.#tokenExpiresAt,
      pingedAtMono: this.#pingedAtMono,
      heardSincePing: this.#heardSincePing,
      unreadBytes: this.#outlet.unreadBytes,
      allReadAtMono: this.#outlet.allReadAtMono(nowMono),
    };
  }

  #heard(): void {
    this.#heardSincePing = true;
  }

  #onClose(code: number): void {
    this.#ended.abort();
    this.#world.hub.leave(this, this.#user);
    this.#world.log.debug({ code, user: this.#user }, 'connection closed');
  }

  /** Messages and pings cost a token each; without one the connection ends. */
  #mayPass(): boolean {
    if (this.#isEnding) return false;
    this.#heard();
    const { limits, clock } = this.#world;
    const { bucket, waitMs } = takeToken(this.#bucket, limits, clock.nowMono());
    this.#bucket = bucket;
    if (waitMs > 0) this.close(closingWithRetry(CLOSE.rate, waitMs));
    return waitMs === 0;
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (!this.#mayPass()) return;
    if (this.#waiting >= MAX_WAITING) {
      this.close(closingWithRetry(CLOSE.overloaded, OVERLOAD_RETRY_MS));
      return;
    }
    const text = this.#textOf(data, isBinary);
    this.#waiting += 1;
    this.#turn = this.#turn.then(() => this.#serve(text));
  }

  /** Undefined for what v1 does not take: binary frames, and texts over the limit. */
  #textOf(data: RawData, isBinary: boolean): string | undefined {
    const bytes = data as Buffer;
    if (isBinary || bytes.length > this.#world.limits.maxMessage) return undefined;
    return bytes.toString();
  }

  async #serve(text: string | undefined): Promise<void> {
    try {
      if (!this.#isEnding) await this.#answer(text);
    } catch (err) {
      if (this.#isEnding) return;
      this.#world.log.error({ err }, 'a request could not be served');
      this.close(closing(CLOSE.internal, 'internal error'));
    } finally {
      this.#waiting -= 1;
    }
  }

  async #answer(text: string | undefined): Promise<void> {
    const { eventTypes } = this.#world;
    const request = text === undefined ? undefined : parseRequest(text, eventTypes);
    const code = request === undefined ? 5 : await this.#judge(request);
    if (this.#isEnding) return;
    if (request === undefined || code !== 0) this.#reply(code);
    else if (request.action === 'detach') this.#reply(this.#apply(request));
    else {
      await this.#world.followed.whenFollowed(request.type, () => {
        // Nothing may come between these two: an event is pushed after the reply or not at all.
        if (!this.#isEnding) this.#reply(this.#apply(request));
      });
    }
  }

  #reply(code: ReplyCode): void {
    this.#outlet.say(REPLIES[code]);
  }

  /** The order of the checks is documented: token set, token valid, user known, access. */
  async #judge(request: EventsRequest): Promise<ReplyCode> {
    if (request.token === '') return 1;
    const verdict = await this.#world.verifier.verify(request.token);
    if (this.#isEnding || verdict.kind === 'invalid') return 2;
    if (!this.#bind(verdict.user)) return 2;
    this.#tokenExpiresAt = Math.max(this.#tokenExpiresAt ?? 0, verdict.expiresAt);
    const { type, id = verdict.user } = request;
    const code = await this.#world.access.check(
      { user: verdict.user, type, id },
      this.#ended.signal,
    );
    // Who lost the right to see an object may still let go of it.
    return code === 4 && request.action === 'detach' ? 0 : code;
  }

  /** The first valid token decides whose connection it is. */
  #bind(user: string): boolean {
    if (this.#user !== undefined) return this.#user === user;
    const { hub, limits } = this.#world;
    if (!hub.claimUser(user, limits.maxConnectionsPerUser)) {
      this.close(closing(CLOSE.limit, 'too many connections of this user'));
      return false;
    }
    this.#user = user;
    return true;
  }

  #apply({ action, type, id = this.#user ?? '' }: EventsRequest): ReplyCode {
    const { subscriptions } = this.#world.hub;
    const topic: Topic = { type, id };
    if (action === 'detach') {
      subscriptions.detach(this, topic);
      return 0;
    }
    const isFull = subscriptions.countOf(this) >= this.#world.limits.maxSubscriptions;
    if (isFull && !subscriptions.has(this, topic)) return 5;
    subscriptions.attach(this, topic);
    return 0;
  }
}

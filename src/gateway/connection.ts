/**
 * One client's WebSocket: opens, lives, is looked after, closes.
 *
 *   open ─▶ known (first valid token) ─▶ closing ─▶ gone        any ─▶ closing | gone
 *   v1 ─ the subprotocol, or the first message that only v2 has ▶ v2, for good
 *
 * Requests are served one after the other, so replies come in their order; by whom depends on the protocol. Writes
 * nothing to a client of v1 that v1 does not have.
 */
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { ValidToken } from '../auth/token-verifier.ts';
import type { Topic } from '../protocol/events.ts';
import { AccessRecheck } from './access-recheck.ts';
import { CLOSE, type Closing, closing, closingWithRetry } from './close-codes.ts';
import { type ConnectionFacts, dueNow, type Moment, slowClosing } from './connection-health.ts';
import { type Claimant, ConnectionIdentity } from './connection-identity.ts';
import { RequestsV1 } from './connection-v1.ts';
import { RequestsV2 } from './connection-v2.ts';
import type { ConnectionLink, ConnectionWorld } from './connection-world.ts';
import type { EventMessages } from './event-messages.ts';
import type { Message } from './fan-out.ts';
import { type HeldEvents, Holds } from './history-hold.ts';
import type { Subscriber, SubscriberFacts } from './hub.ts';
import { Outlet, type OutletOwner } from './outlet.ts';
import { speaksV2 } from './protocols/events-v2.ts';
import { renderDrain } from './protocols/events-v2-text.ts';
import { readMessage } from './protocols/message.ts';
import { SUBPROTOCOL_V2 } from './protocols/negotiation.ts';
import { type Bucket, fullBucket, takeToken } from './rate-limit.ts';

/** Requests that wait for their turn: more than any burst that the rate limit lets pass by default. */
const MAX_WAITING = 256;
const OVERLOAD_RETRY_MS = 1_000;
/** While more is unread, no more history is read. Above what a socket buffers by itself, so that it says when it is empty. */
const MUCH_UNREAD_BYTES = 65_536;

export class Connection implements Subscriber, ConnectionLink, OutletOwner, Claimant {
  readonly identity: ConnectionIdentity;
  readonly #world: ConnectionWorld;
  readonly #socket: WebSocket;
  readonly #transport: Socket;
  readonly #outlet: Outlet;
  /** For requests that wait for something; none while no request is served, which is nearly always. */
  #ended: AbortController | undefined;
  /** The signal's word as a field: it is asked for each event of each subscriber. */
  #isEnding = false;
  readonly #openedAtMono: number;
  readonly #openedAt: number;
  readonly #number: number;
  #heardAt: number;
  #v2: RequestsV2 | undefined;
  /** Made when it is needed, as all that an idle connection can do without: there are many of those. */
  #recheck: AccessRecheck | undefined;
  /** A look at the rights waits for the requests that were under way. */
  #isRecheckDue = false;
  readonly #holds = new Holds();
  #bucket: Bucket;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Why it is closed as soon as nothing that was asked is unanswered. */
  #leaving: Closing | undefined;
  #pingedAtMono: number;
  #syncedAtMono: number;
  #heardSincePing = true;

  /** @param bearer a token that came with the handshake */
  constructor(socket: WebSocket, transport: Socket, world: ConnectionWorld, bearer?: string) {
    const nowMono = world.clock.nowMono();
    this.#world = world;
    this.#socket = socket;
    this.#transport = transport;
    this.#openedAtMono = nowMono;
    this.#openedAt = world.clock.now();
    this.#heardAt = this.#openedAt;
    this.#pingedAtMono = nowMono;
    this.#syncedAtMono = nowMono;
    this.identity = new ConnectionIdentity(world.verifier, this);
    this.#outlet = new Outlet(world.fanOut, { socket, transport }, this);
    if (socket.protocol === SUBPROTOCOL_V2) this.#v2 = new RequestsV2(this, world);
    this.#bucket = fullBucket(world.limits, nowMono);
    this.#number = world.hub.join(this);
    this.#listen();
    if (bearer !== undefined) this.#serveInTurn(() => this.#greet(bearer));
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('ping', () => this.#mayPass());
    socket.on('pong', () => this.#heard());
    socket.on('close', (code) => this.#onClose(code));
    // ws closes by itself with the fitting code (1002, 1007, 1009).
    socket.on('error', (err) => this.#world.log.debug({ err }, 'connection failed'));
  }

  get subscriber(): Subscriber {
    return this;
  }

  get token(): ValidToken | undefined {
    return this.identity.token;
  }

  get signal(): AbortSignal {
    this.#ended ??= new AbortController();
    if (this.#isEnding) this.#ended.abort();
    return this.#ended.signal;
  }

  push(messages: EventMessages): void {
    if (this.#isEnding) return;
    if (this.#v2 === undefined) this.#outlet.send(messages.v1);
    else if (!this.#holds.take(messages)) this.#outlet.send(messages.v2);
  }

  say(text: string): void {
    if (!this.#isEnding) this.#outlet.say(text);
  }

  send(message: Message): void {
    if (!this.#isEnding) this.#outlet.send(message);
  }

  describe(): SubscriberFacts {
    return {
      number: this.#number,
      address: this.#transport.remoteAddress,
      protocol: this.#v2 === undefined ? 'v1' : 'v2',
      openedAt: this.#openedAt,
      heardAt: this.#heardAt,
      unreadBytes: this.#outlet.unreadBytes,
    };
  }

  hold(events: HeldEvents): void {
    this.#holds.add(events);
  }

  async drained(): Promise<void> {
    // What this turn brought is written at its end.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isEnding || this.#outlet.unreadBytes <= MUCH_UNREAD_BYTES) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#transport.off('drain', done);
        this.signal.removeEventListener('abort', done);
        resolve();
      };
      this.#transport.on('drain', done);
      this.signal.addEventListener('abort', done);
    });
  }

  tick(moment: Moment): void {
    if (this.#isEnding) return;
    const due = dueNow(this.#facts(moment.nowMono), this.#world.limits, moment);
    switch (due.kind) {
      case 'nothing':
        break;
      case 'ping':
        this.#pingedAtMono = moment.nowMono;
        this.#heardSincePing = false;
        this.#socket.ping();
        break;
      case 'terminate':
        this.terminate();
        return;
      case 'close':
        this.close(due.closing);
        return;
    }
    this.#sync(moment.nowMono);
  }

  #sync(nowMono: number): void {
    if (this.#v2 === undefined) return;
    if (nowMono - this.#syncedAtMono < this.#world.limits.syncInterval) return;
    const { seq } = this.#world.position();
    // Otherwise the client does not have what lies before the position, or is further already.
    if (!this.#holds.arePast(seq)) return;
    this.#syncedAtMono = nowMono;
    this.#outlet.send(this.#world.hub.syncMessage(seq));
  }

  recheckAccess(): void {
    if (this.#isEnding) return;
    this.#recheck ??= new AccessRecheck(this, this.#world, (topics) => this.#withdraw(topics));
    const recheck = this.#recheck;
    void recheck.run();
    if (this.#waiting === 0 || this.#isRecheckDue) return;
    // A request that is under way may have been allowed by what held before, and attach after this look.
    this.#isRecheckDue = true;
    this.#serveInTurn(() => {
      this.#isRecheckDue = false;
      return recheck.run();
    });
  }

  /** v1 has no word for it, and a history that is being read would go on with what was withdrawn. */
  #withdraw(topics: readonly Topic[]): void {
    if (this.#v2 !== undefined && !this.#holds.areReading) this.#v2.withdraw(topics);
    else this.close(closing(CLOSE.forbidden, 'access was withdrawn'));
  }

  /** A request that was read is answered; of one who has come and asked nothing yet, the first one is on its way. */
  leave(closing: Closing): void {
    this.#leaving = closing;
    if (this.#waiting === 0 && this.#heardAt > this.#openedAt) this.close(closing);
  }

  /** From here on nothing is served and nothing is pushed; ws drops a peer that does not answer it. */
  close({ code, reason, retryMs }: Closing): void {
    if (this.#isEnding) return;
    this.#end();
    this.#world.hub.metrics.noteClosed(code);
    this.#world.hub.subscriptions.drop(this);
    const { unreadBytes } = this.#outlet;
    const facts = { code, reason, user: this.identity.user, unreadBytes };
    this.#world.log.debug(facts, 'closing a connection');
    const isRestart = code === CLOSE.restart && retryMs !== undefined;
    if (isRestart && this.#v2 !== undefined) this.#outlet.say(renderDrain(retryMs));
    this.#outlet.close(code, reason);
  }

  terminate(): void {
    if (!this.#isEnding) this.#world.hub.metrics.noteClosed('silent');
    this.#end();
    this.#outlet.discard();
    this.#socket.terminate();
  }

  #end(): void {
    this.#isEnding = true;
    this.#ended?.abort();
  }

  #facts(nowMono: number): ConnectionFacts {
    return {
      openedAtMono: this.#openedAtMono,
      token: this.identity.token,
      pingedAtMono: this.#pingedAtMono,
      heardSincePing: this.#heardSincePing,
      unreadBytes: this.#outlet.unreadBytes,
      allReadAtMono: this.#outlet.allReadAtMono(nowMono),
    };
  }

  #heard(): void {
    this.#heardSincePing = true;
    this.#heardAt = this.#world.clock.now();
  }

  #onClose(code: number): void {
    if (!this.#isEnding) this.#world.hub.metrics.noteClosed('client');
    this.#end();
    const { user } = this.identity;
    this.#world.hub.leave(this, user);
    this.#world.log.debug({ code, user }, 'connection closed');
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
    this.#serveInTurn(() => this.#answer(text));
  }

  /** Undefined for what is not taken: binary frames, and texts over the limit. */
  #textOf(data: RawData, isBinary: boolean): string | undefined {
    const bytes = data as Buffer;
    if (isBinary || bytes.length > this.#world.limits.maxMessage) return undefined;
    return bytes.toString();
  }

  #serveInTurn(work: () => Promise<void>): void {
    this.#waiting += 1;
    this.#turn = this.#turn.then(() => this.#serve(work));
  }

  async #serve(work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#isEnding) await work();
    } catch (err) {
      if (this.#isEnding) return;
      this.#world.log.error({ err }, 'a request could not be served');
      this.close(closing(CLOSE.internal, 'internal error'));
    } finally {
      this.#waiting -= 1;
      // Its listeners have come to an end, and 10,000 idle connections would keep a kilobyte each.
      if (this.#waiting === 0) this.#ended = undefined;
      if (this.#waiting === 0 && this.#leaving !== undefined) this.close(this.#leaving);
    }
  }

  async #answer(text: string | undefined): Promise<void> {
    const message = text === undefined ? undefined : readMessage(text);
    if (this.#v2 === undefined && message !== undefined && speaksV2(message)) {
      this.#v2 = new RequestsV2(this, this.#world);
    }
    await (this.#v2 ?? new RequestsV1(this, this.#world)).serve(message);
  }

  /** Who shows a token in the handshake wants to know at once whether it is a good one. */
  async #greet(bearer: string): Promise<void> {
    const user = await this.identity.show(bearer, this.signal);
    if (user === undefined) this.close(closing(CLOSE.unauthenticated, 'invalid token'));
  }

  get maxUnread(): number {
    return this.#world.limits.maxUnread;
  }

  tooSlow(): void {
    this.close(slowClosing());
  }

  /** The first valid token decides whose connection it is. */
  claim(user: string): boolean {
    const { hub, limits } = this.#world;
    if (hub.claimUser(this, user, limits.maxConnectionsPerUser)) return true;
    this.close(closing(CLOSE.limit, 'too many connections of this user'));
    return false;
  }
}

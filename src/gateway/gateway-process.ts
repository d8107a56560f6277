/**
 * The gateway process: follows the core's log and rings the clients that wait for its events.
 *
 *   new ─start▶ claiming the port (perhaps on standby) ─▶ attaching to the log ─▶ ready ─stop▶ stopped
 *
 * Owns no data: what it knows of the log is a position in memory, and every client's subscriptions
 * end with its connection. Never opens the database.
 */
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { KeySetNews } from '../auth/remote-keys.ts';
import { createTokenVerifier, type TokenVerifier } from '../auth/token-verifier.ts';
import type { ControlAddress } from '../client/control-address.ts';
import { ControlHttp } from '../client/control-http.ts';
import { LogFollower } from '../client/log-follower.ts';
import type { Settings } from '../config/settings.ts';
import type { ChildContext, ChildService } from '../process/child-process.ts';
import { descriptorLimit } from '../process/descriptors.ts';
import type { Logger } from '../process/logger.ts';
import { type Deadline, deadlineIn } from '../process/service.ts';
import {
  ACCESS_EVENT_TYPE,
  BUILT_IN_EVENT_TYPES,
  type PublishedEvent,
  type Topic,
} from '../protocol/events.ts';
import type { StatusView } from '../protocol/status.ts';
import type { ListenPlace, Replacement, ToChild } from '../protocol/supervision.ts';
import { provesFrames } from '../wire/frame-proof.ts';
import { type AccessCheck, createAccessCheck } from './access.ts';
import { accessFigures } from './access-figures.ts';
import { AccessNewsTaker } from './access-news.ts';
import { Admission } from './admission.ts';
import { restartClosing } from './close-codes.ts';
import { Connection } from './connection.ts';
import type { ConnectionWorld } from './connection-world.ts';
import { askGateway, corePlace } from './core-place.ts';
import { CoreTalk } from './core-talk.ts';
import { CursorMoves } from './cursors.ts';
import { drain, settledWithin } from './drain.ts';
import { FanOut } from './fan-out.ts';
import { FollowedTypes } from './followed-types.ts';
import { HistoryReader } from './history.ts';
import { Hub, SYSTEM_CLOCK } from './hub.ts';
import { Listener } from './listener.ts';
import { liveUseOf } from './live-use.ts';
import { claimPort } from './port-claim.ts';
import { Revocations } from './revocations.ts';
import { SseConnection } from './sse-connection.ts';

export function createGatewayProcess(context: ChildContext): ChildService {
  return new GatewayProcess(context);
}

/** How long clients have to answer the close, at most. */
const CLOSE_WAIT_MS = 2_000;
/** What every gateway must hear of, whoever is attached. */
const ALWAYS_FOLLOWED: readonly Topic[] = [{ type: ACCESS_EVENT_TYPE, id: '*' }];
/** In the data directory. */
const KEY_SET_DIRECTORY = 'key-sets';

class GatewayProcess implements ChildService {
  readonly #context: ChildContext;
  readonly #log: Logger;
  readonly #fanOut: FanOut;
  readonly #hub: Hub;
  readonly #followed: FollowedTypes;
  readonly #talk: CoreTalk;
  readonly #admission: Admission;
  readonly #core: ControlAddress;
  /** For what connections ask of the core. */
  readonly #http: ControlHttp;
  readonly #cursors: CursorMoves;
  readonly #revocations: Revocations;
  /** Aborted by `quiet` and by `stop`. */
  readonly #noMore = new AbortController();
  #accessNews: AccessNewsTaker | undefined;
  #world: ConnectionWorld | undefined;
  #listener: Listener | undefined;
  #follower: LogFollower | undefined;
  #isOpen = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(context: ChildContext) {
    this.#context = context;
    this.#log = context.log.child({ component: 'gateway' });
    this.#core = corePlace(context.settings, context.mode);
    this.#http = new ControlHttp(this.#core, 0);
    this.#cursors = new CursorMoves(this.#http, this.#log);

    const { directFrames } = context.settings.webSocketEvents;
    const { nowMono } = SYSTEM_CLOCK;
    this.#fanOut = new FanOut({ directFrames: directFrames && provesFrames(), nowMono });
    this.#hub = new Hub(SYSTEM_CLOCK, this.#fanOut);
    this.#admission = new Admission(context.settings.webSocketEvents, descriptorLimit(), this.#log);
    this.#talk = new CoreTalk({
      ...{ hub: this.#hub, fanOut: this.#fanOut, events: context.settings.events },
      tell: (message) => this.#follower?.tell(message) ?? false,
      room: () => ({ ...this.#admission.room, ...accessFigures(this.#world?.access.counts) }),
      replace: (replacement) => this.#askReplacement(replacement),
    });
    this.#revocations = new Revocations({
      ...{ http: this.#http, hub: this.#hub, clock: SYSTEM_CLOCK, log: this.#log },
      signal: this.#noMore.signal,
    });
    this.#followed = new FollowedTypes(
      this.#hub.subscriptions,
      // Nobody can attach before the follower is there.
      async (topics) => this.#follower?.reattach([...ALWAYS_FOLLOWED, ...topics]),
    );
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#isOver) return;
    this.#world = this.#createWorld();
    const place = await this.#claimPort(this.#world);
    if (place === undefined) return;
    const { path } = this.#context.settings.webSocketEvents;
    const listen = { address: place.address, port: place.port, path };
    this.#log.info(listen, 'gateway listening');
    this.#follower = this.#createFollower(listen);
    await this.#follower.start();
    // From here on the log tells of each; before, nobody is let in.
    await this.#revocations.load();
    if (this.#isOver) return;
    this.#isOpen = true;
    this.#context.announce('ready');
  }

  accept(socket: Socket): void {
    if (this.#listener === undefined) socket.destroy();
    else this.#listener.accept(socket);
  }

  receive(message: ToChild<Settings>): void {
    if (message.kind === 'kept') this.#talk.kept(message.problem);
  }

  /** A successor gets the connections from now on: lets go of those that are here, and of what is still on its way. */
  async retire(withinMs: number | null): Promise<void> {
    const { drainTime } = this.#context.settings.webSocketEvents;
    const drainMs = Math.min(drainTime, withinMs ?? drainTime);
    await drain(this.#hub.everyone(), drainMs, this.#noMore.signal);
    await settledWithin(this.#listener?.settled(), CLOSE_WAIT_MS);
    // Those that were still on their way, and all who have asked nothing yet: their first question is answered here.
    await drain(this.#hub.everyone(), 0, this.#noMore.signal);
    await this.#hub.emptied(Math.min(drainMs, CLOSE_WAIT_MS));
    await this.stop(deadlineIn(2 * CLOSE_WAIT_MS));
  }

  /** Frees the port, so that a gateway on standby can take over; clients that are here stay. */
  quiet(): void {
    this.#noMore.abort();
    this.#listener?.quiet();
  }

  stop(deadline: Deadline): Promise<void> {
    this.#stopping ??= this.#stop(deadline);
    return this.#stopping;
  }

  get #isOver(): boolean {
    return this.#noMore.signal.aborted;
  }

  async #stop(deadline: Deadline): Promise<void> {
    this.#noMore.abort();
    this.#listener?.close();
    const { drainTime } = this.#context.settings.webSocketEvents;
    // Who has to wait for its turn still hears of everything.
    await drain(this.#hub.everyone(), Math.min(drainTime, deadline.remainingMs() / 2));
    this.#followed.stop();
    this.#talk.stop();
    await this.#follower?.stop(deadline);
    // It ends by itself now; why it failed, its own caller hears.
    await this.#starting?.catch(() => {});
    this.#hub.closeAll(() => restartClosing(Math.random()));
    // The answers to the close frames may take half of what is left; the rest is for the sockets.
    await this.#hub.emptied(Math.min(CLOSE_WAIT_MS, deadline.remainingMs() / 2));
    this.#hub.terminateAll();
    await this.#hub.emptied(deadline.remainingMs());
    await this.#cursors.stop(deadline.remainingMs());
    this.#http.close();
    this.#world?.access.close();
    this.#world?.verifier.close();
  }

  #askReplacement(replacement: Replacement): void {
    const { askReplacement } = this.#context;
    if (askReplacement === undefined) this.#talk.kept('it has no supervisor');
    else askReplacement(replacement, 'an operator asked for it');
  }

  #createWorld(): ConnectionWorld {
    const { auth, events, webSocketEvents } = this.#context.settings;
    return {
      limits: { ...webSocketEvents, expiryGrace: auth.expiryGrace },
      eventTypes: new Set([...BUILT_IN_EVENT_TYPES, ...events.map((event) => event.name)]),
      verifier: this.#createVerifier(),
      access: this.#createAccess(),
      hub: this.#hub,
      fanOut: this.#fanOut,
      followed: this.#followed,
      history: new HistoryReader({ http: this.#http, readsAtOnce: webSocketEvents.historyReads }),
      cursors: this.#cursors,
      presence: this.#talk.presence,
      position: () => ({
        seq: this.#follower?.position() ?? '0',
        epoch: this.#follower?.epoch() ?? '',
      }),
      clock: SYSTEM_CLOCK,
      log: this.#log,
    };
  }

  #createAccess(): AccessCheck {
    const settings = this.#context.settings.access;
    const live = liveUseOf(this.#hub);
    const access = createAccessCheck({ settings, http: this.#http, log: this.#log, live });
    this.#accessNews = new AccessNewsTaker(access, this.#hub);
    return access;
  }

  #createVerifier(): TokenVerifier {
    const { auth, issuers, daemon } = this.#context.settings;
    const verifier = createTokenVerifier(auth, {
      issuers,
      keySetDirectory: join(daemon.dataDirectory, KEY_SET_DIRECTORY),
      onKeySet: (news) => logKeySet(this.#log, news),
      revocations: this.#revocations.list,
    });
    if (!verifier.configured) {
      this.#log.warn(
        'no public key: every token is invalid; run `taskbell init` or set [auth] publicKeyFile',
      );
    }
    // It never rejects; who comes before it is done waits for the same fetch.
    void verifier.prepare();
    return verifier;
  }

  #take(event: PublishedEvent): void {
    if (event.type !== ACCESS_EVENT_TYPE) {
      this.#hub.publish(event);
      return;
    }
    this.#revocations.take(event);
    this.#accessNews?.take(event);
  }

  async #claimPort(world: ConnectionWorld): Promise<ListenPlace | undefined> {
    const { settings, announce, fail, openPort } = this.#context;
    this.#admission.announce();
    const listener: Listener = new Listener({
      settings: settings.webSocketEvents,
      isOpen: () => this.#isOpen,
      onSocket: (socket, transport, bearer) => new Connection(socket, transport, world, bearer),
      onStream: (request, response) => void new SseConnection(request, response, world).serve(),
      capacity: this.#admission.capacity,
      onFull: () => this.#admission.refuse(listener.sockets),
      onError: fail,
    });
    this.#listener = listener;
    const place = await claimPort({
      settings: settings.webSocketEvents,
      listen: async () => {
        if (openPort === undefined) return await listener.listen();
        const place = await openPort();
        listener.serve();
        return place;
      },
      askGateway: () => askGateway(this.#core, this.#log),
      onStandby: () => {
        this.#log.info('another gateway serves the port; waiting for it');
        announce('standby');
      },
      nowMono: SYSTEM_CLOCK.nowMono,
      signal: this.#noMore.signal,
    });
    if (!this.#isOver) return place;
    listener.close();
    return undefined;
  }

  #createFollower(listen: NonNullable<StatusView['gateway']>): LogFollower {
    const { supervisorPid, predecessor } = this.#context;
    const successor = predecessor ? { predecessor: predecessor.pid } : {};
    const hello = { name: this.#talk.name, pid: process.pid, supervisorPid, ...successor };
    return new LogFollower({
      address: this.#core,
      // What somebody attaches to is asked for then.
      events: ALWAYS_FOLLOWED,
      hello: { role: 'gateway', ...hello, listen },
      onOther: (message) => this.#talk.hear(message),
      onEvent: (event) => this.#take(event),
      onVolatile: (event) => this.#hub.publish(event),
      // Of a type that is followed, mostly few objects have a subscriber, and those get the text as it is.
      asReceived: true,
      onState: (state, { seq, error }) => {
        this.#world?.access.setInformed(state === 'connected');
        if (state === 'connected') this.#talk.connected();
        if (state === 'connected') this.#log.info({ seq }, 'following the log');
        // At the start the core of this machine is not there yet, and that is nothing to warn of.
        else if (!this.#isOpen && this.#context.mode !== 'edge')
          this.#log.debug({ err: error }, 'waiting for the core');
        else this.#log.warn({ seq, err: error }, 'the log cannot be followed; reconnecting');
      },
      onRefused: (err) => this.#log.warn({ err }, 'the core sends all events, wanted or not'),
      onGap: (facts) => {
        this.#log.warn(facts, 'events were lost; closing the connections so that clients ask anew');
        // v1 has no message for a gap, and silence would say that nothing happened.
        this.#hub.closeAll(() => restartClosing(Math.random()));
        // It rejects only for what is a mistake of ours.
        void this.#revocations.load().catch(this.#context.fail);
      },
    });
  }
}

function logKeySet(log: Logger, news: KeySetNews): void {
  switch (news.kind) {
    case 'fetched':
      log.info({ url: news.url, keys: news.keys }, 'key set fetched');
      return;
    case 'failed': {
      const servesUntil = news.servesUntil === null ? null : new Date(news.servesUntil);
      const facts = { url: news.url, err: news.error, servesUntil };
      log.warn(facts, 'a key set cannot be fetched; the keys that are there serve on');
      return;
    }
    case 'not-kept':
      log.warn({ file: news.file, err: news.error }, 'a key set cannot be kept for the next start');
  }
}

/** A real gateway process object on a free port, its core, and clients that speak to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type ClientOptions, WebSocket } from 'ws';
import type {
  AccessSettings,
  AuthSettings,
  EventTypeSettings,
  IssuerSettings,
  Settings,
  WebSocketEventsSettings,
} from '../../src/config/settings.ts';
import { createGatewayProcess } from '../../src/gateway/gateway-process.ts';
import type { ChildContext, ChildService } from '../../src/process/child-process.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { AUTH, claimsAt, signRs256, writePublicKey } from '../auth/token-fixture.ts';
import { CoreFixture } from './core-fixture.ts';

export const LIMITS: WebSocketEventsSettings = {
  address: '127.0.0.1',
  port: 0,
  path: '/ws',
  gateways: 1,
  maxConnections: 0,
  memoryLimit: 0,
  drainTime: 5_000,
  maxMessage: 65_536,
  maxSubscriptions: 1_000,
  maxConnectionsPerUser: 50,
  messagesPerSecond: 20,
  messageBurst: 100,
  authenticationTimeout: 10_000,
  pingInterval: 25_000,
  maxUnread: 1_048_576,
  maxUnreadTime: 10_000,
  // Whoever waits for it sets it shorter: no test may meet one by chance.
  syncInterval: 3_600_000,
  historyReads: 8,
  maxCursorsPerUser: 20,
  presenceLinger: 10_000,
  directFrames: true,
  origins: ['*'],
};

const OPEN_ACCESS: AccessSettings = {
  ...{ users: 'any', datasets: 'any', hookUrl: null, hookSecretFile: null },
  ...{ hookTimeout: 2_000, hookCacheTime: 30_000 },
};

export interface GatewayOptions {
  readonly limits?: Partial<WebSocketEventsSettings>;
  readonly auth?: Partial<AuthSettings>;
  readonly issuers?: readonly IssuerSettings[];
  readonly access?: Partial<AccessSettings>;
  readonly events?: readonly EventTypeSettings[];
  /** Of another core than the fixture's. */
  readonly controlSocket?: string;
  /** Somebody else listens. */
  readonly openPort?: ChildContext['openPort'];
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** Everything that one test starts, gone after `close`. */
export class GatewayFixture {
  readonly directory = mkdtempSync(join(tmpdir(), 'taskbell-gateway-'));
  readonly core = new CoreFixture(join(this.directory, 'control.sock'));
  readonly lines: LogLine[] = [];
  readonly announced: string[] = [];
  readonly failures: unknown[] = [];
  readonly #services: ChildService[] = [];
  readonly #clients: Client[] = [];

  create(options: GatewayOptions = {}): ChildService {
    const service = createGatewayProcess(this.#context(options));
    this.#services.push(service);
    return service;
  }

  /** Starts core and gateway. */
  async start(options: GatewayOptions = {}): Promise<ChildService> {
    await this.core.start();
    const service = this.create(options);
    await service.start();
    return service;
  }

  /** The port of the gateway that began to listen last. */
  get port(): number {
    return Number(this.lines.findLast((line) => line.msg === 'gateway listening')?.port);
  }

  async connect(options: ClientOptions = {}, path = '/ws'): Promise<Client> {
    const client = new Client(`ws://127.0.0.1:${this.port}${path}`, options);
    this.#clients.push(client);
    await client.opened;
    return client;
  }

  /** Offers subprotocols. */
  async connectAs(protocols: readonly string[]): Promise<Client> {
    const client = new Client(`ws://127.0.0.1:${this.port}/ws`, {}, protocols);
    this.#clients.push(client);
    await client.opened;
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.socket.terminate();
    for (const service of this.#services) await service.stop(deadlineIn(1_000));
    await this.core.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #context(options: GatewayOptions): ChildContext {
    const write = (line: string) => void this.lines.push(JSON.parse(line));
    return {
      settings: this.#settings(options),
      role: 'gateway',
      index: 0,
      run: 'test',
      mode: 'web_socket',
      supervisorPid: process.ppid,
      log: pino({ level: 'debug', base: {} }, { write }),
      announce: (state) => void this.announced.push(state),
      fail: (error) => void this.failures.push(error),
      ...(options.openPort === undefined ? {} : { openPort: options.openPort }),
    };
  }

  #settings(options: GatewayOptions): Settings {
    const publicKeyFile = writePublicKey(this.directory);
    return {
      daemon: {
        controlSocket: options.controlSocket ?? this.core.socketPath,
        dataDirectory: this.directory,
      },
      events: options.events ?? [],
      webSocketEvents: { ...LIMITS, ...options.limits },
      auth: { ...AUTH, publicKeyFile, ...options.auth },
      issuers: options.issuers ?? [],
      access: { ...OPEN_ACCESS, ...options.access },
    } as unknown as Settings;
  }
}

export function tokenFor(user: string, changes: Record<string, unknown> = {}): string {
  return signRs256(claimsAt(Date.now(), { data: { name: user, id: user }, ...changes }));
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export class Client {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<Closed>;
  readonly #messages: string[] = [];
  readonly #readers: ((message: string) => void)[] = [];

  constructor(url: string, options: ClientOptions = {}, protocols: readonly string[] = []) {
    const socket = new WebSocket(url, [...protocols], options);
    this.socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? `binary ${data}` : String(data);
      const reader = this.#readers.shift();
      if (reader === undefined) this.#messages.push(message);
      else reader(message);
    });
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next message, byte for byte. */
  next(): Promise<string> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  ask(message: unknown): Promise<string> {
    this.send(message);
    return this.next();
  }

  attach(auth: string, type: string, id?: string): Promise<string> {
    return this.ask({ auth, action: 'attach', event: { type, id } });
  }

  /** The TCP socket below, for a client that stops reading. */
  get transport(): Socket {
    return (this.socket as unknown as { _socket: Socket })._socket;
  }
}

/** Polls, for what has no event to wait for. */
export async function until(condition: () => boolean, what: string, withinMs = 10_000) {
  const endMono = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > endMono) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

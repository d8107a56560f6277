/** A real Socket.IO receiving service on a loopback port that can go away and come back on the same port. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { Server, type ServerOptions, type Socket } from 'socket.io';
import type { TaskMessage } from '../../src/report/task-message.ts';

export interface Received {
  readonly event: string;
  readonly args: readonly unknown[];
  readonly eventId: string;
}

type Ack = (...values: unknown[]) => void;

export interface ReceiverOptions {
  readonly path?: string;
  readonly namespace?: string;
  readonly server?: Partial<ServerOptions>;
  /** What to do with a report; acknowledges at once when omitted. */
  readonly onReport?: (ack: Ack | undefined, received: Received, socket: Socket) => void;
  /** Refuses a connection by throwing; keeps it waiting with a promise. */
  readonly admit?: (socket: Socket) => void | Promise<void>;
}

export class Receiver {
  readonly received: Received[] = [];
  connections = 0;
  lastSocket: Socket | null = null;
  #options: ReceiverOptions;
  #io: Server | null = null;
  readonly #tcp = new Set<TcpSocket>();
  #port = 0;
  readonly #changed = new Set<() => void>();

  constructor(options: ReceiverOptions = {}) {
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.#options.namespace ?? ''}`;
  }

  get ids(): readonly string[] {
    return this.received.map((report) => report.eventId);
  }

  /** In the order of their first arrival. */
  get uniqueIds(): readonly string[] {
    return [...new Set(this.ids)];
  }

  /** Finds a free port without listening on it. */
  async reserve(): Promise<this> {
    await this.up();
    await this.down();
    return this;
  }

  change(options: ReceiverOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  async up(): Promise<this> {
    const http = createServer((_request, response) => response.writeHead(404).end());
    http.on('connection', (socket) => {
      this.#tcp.add(socket);
      socket.once('close', () => this.#tcp.delete(socket));
    });
    const io = new Server(http, {
      path: this.#options.path ?? '/socket.io',
      ...this.#options.server,
    });
    const namespace = io.of(this.#options.namespace ?? '/');
    namespace.use((socket, next) => {
      const admitted = async () => this.#options.admit?.(socket);
      admitted().then(() => next(), next);
    });
    namespace.on('connection', (socket) => this.#connected(socket));
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (http.address() as AddressInfo).port;
    this.#io = io;
    return this;
  }

  /** Gone at once: connections are cut, not closed. */
  async down(): Promise<void> {
    const io = this.#io;
    if (io === null) return;
    this.#io = null;
    for (const socket of this.#tcp) socket.destroy();
    // Closes the HTTP server too.
    await io.close();
  }

  get openSockets(): number {
    return this.#tcp.size;
  }

  /** Stops reading: the connections are half-open from here on. */
  hang(): void {
    for (const socket of this.#tcp) socket.pause();
  }

  /** Cuts every connection, but stays up. */
  kick(): void {
    this.#io?.disconnectSockets(true);
  }

  /** Resolves when the condition holds; rejects after 15 s with what was received. */
  until(condition: () => boolean, what = 'the condition'): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!condition()) return;
        clearTimeout(deadline);
        clearInterval(poll);
        this.#changed.delete(check);
        resolve();
      };
      const poll = setInterval(check, 10);
      const deadline = setTimeout(() => {
        clearInterval(poll);
        this.#changed.delete(check);
        reject(new Error(`${what} did not come about; received ${this.received.length}`));
      }, 15_000);
      this.#changed.add(check);
      check();
    });
  }

  #connected(socket: Socket): void {
    this.connections += 1;
    this.lastSocket = socket;
    socket.onAny((event: string, ...values: unknown[]) => {
      const last = values.at(-1);
      const ack = typeof last === 'function' ? (last as Ack) : undefined;
      const args = ack === undefined ? values : values.slice(0, -1);
      const { eventId } = (args[0] as TaskMessage).payload;
      const received = { event, args, eventId };
      this.received.push(received);
      if (this.#options.onReport) this.#options.onReport(ack, received, socket);
      else ack?.('ok');
      for (const check of [...this.#changed]) check();
    });
  }
}

/**
 * The public port: listened on here, so that it stays open while gateways come and go. Each connection is handed to
 * the next gateway in turn; one listening socket that all of them share would give some three times as many
 * as others, and a storm of them to whoever woke first.
 *
 *   new ─open▶ opening ─▶ open ─close▶ closed, for good      opening ─ refused ▶ new
 *
 *   a connection:  accepted ─▶ handed out | waits for a gateway ─▶ handed out | dropped when nobody came
 *
 * Reads nothing from a connection, and does not know what is spoken on it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { descriptorLimit } from '../process/descriptors.ts';
import type { Logger } from '../process/logger.ts';
import type { ListenPlace } from '../protocol/supervision.ts';

/** Where a connection can go. */
export interface Taker {
  /** False: it cannot take any more, and the connection was not touched. */
  take(connection: Socket): boolean;
}

export interface PublicPortOptions {
  /** Where to listen; port 0: any. */
  readonly place: ListenPlace;
  /** Descriptor of a socket that listens already, in place of `place`. */
  readonly given?: number | undefined;
  /** The gateways that work, always in the same order. */
  readonly takers: () => readonly Taker[];
  readonly log: Logger;
  readonly maxWaiting?: number;
  readonly patienceMs?: number;
}

/** Of the kernel's; it makes less of it where net.core.somaxconn says so. A full queue costs clients a second. */
const BACKLOG = 4_096;
/** Each is a file descriptor of the supervisor. A storm of clients that come back comes in one turn of its loop. */
const MAX_WAITING = 8_192;
/** Of the descriptors; the rest is for the processes that it starts. */
const WAITING_SHARE = 0.5;
/** Longer than a gateway takes to start; clients of WebSockets mostly wait longer. */
const PATIENCE_MS = 10_000;
/** The gateway tells others of its port, and a file has none. */
const NO_PORT =
  'the socket "ws" was given without a port: set its ListenStream= to an address and a port';

interface Waiting {
  readonly connection: Socket;
  readonly sinceMono: number;
}

export class PublicPort {
  readonly #options: PublicPortOptions;
  readonly #maxWaiting: number;
  readonly #patienceMs: number;
  #server: Server | undefined;
  #opening: Promise<ListenPlace> | undefined;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  #dropped = 0;
  #isClosed = false;

  constructor(options: PublicPortOptions) {
    this.#options = options;
    this.#maxWaiting =
      options.maxWaiting ?? Math.min(MAX_WAITING, Math.floor(descriptorLimit() * WAITING_SHARE));
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS;
  }

  /** The same place for all who ask while it is open. Rejects with the system's error; then it may be asked again. */
  open(): Promise<ListenPlace> {
    if (this.#isClosed) return Promise.reject(closedError());
    this.#opening ??= this.#listen().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** Connections that were not handed out yet, nor to be: they came, or came back, too late. */
  close(): void {
    this.#isClosed = true;
    this.#server?.close();
    this.#server = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { connection } of this.#waiting.splice(0)) connection.destroy();
  }

  /** Hands out what waits: there may be somebody to take it now. */
  handOut(): void {
    let handed = 0;
    for (const { connection } of this.#waiting) {
      if (!this.#give(connection)) break;
      handed += 1;
    }
    if (handed > 0) this.#waiting.splice(0, handed);
  }

  /** A connection that was given to a gateway, and did not reach it. */
  takeBack(connection: Socket): void {
    this.#giveOrKeep(connection);
  }

  #listen(): Promise<ListenPlace> {
    const { address: host, port } = this.#options.place;
    const server = createServer({ pauseOnConnect: true }, (connection) => {
      // Who resets the connection before a gateway has it is gone; the gateway finds that out.
      connection.on('error', () => undefined);
      this.#giveOrKeep(connection);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      const { given } = this.#options;
      server.listen(given === undefined ? { host, port, backlog: BACKLOG } : { fd: given }, () => {
        server.off('error', reject);
        // It was asked for before the service was to stop.
        if (this.#isClosed) {
          server.close();
          reject(closedError());
          return;
        }
        const place = server.address();
        if (place === null || typeof place === 'string') {
          server.close();
          this.#options.log.error(NO_PORT);
          reject(Object.assign(new Error(NO_PORT), { code: 'EAFNOSUPPORT' }));
          return;
        }
        // Out of descriptors, say: later connections may do.
        server.on('error', (err) =>
          this.#options.log.error({ err }, 'the public port has trouble'),
        );
        this.#server = server;
        resolve({ address: place.address, port: place.port });
      });
    });
  }

  #giveOrKeep(connection: Socket): void {
    if (this.#isClosed) {
      connection.destroy();
      return;
    }
    // First come, first served.
    if (this.#waiting.length === 0 && this.#give(connection)) return;
    if (this.#waiting.length >= this.#maxWaiting) {
      this.#drop(connection, 'connections dropped: too many wait for a gateway');
      return;
    }
    this.#waiting.push({ connection, sinceMono: performance.now() });
    this.#timer ??= setTimeout(() => this.#dropLate(), this.#patienceMs);
  }

  #give(connection: Socket): boolean {
    const takers = this.#options.takers();
    for (let turn = 0; turn < takers.length; turn += 1) {
      this.#next = (this.#next + 1) % takers.length;
      if (takers[this.#next]?.take(connection) === true) return true;
    }
    return false;
  }

  #dropLate(): void {
    this.#timer = undefined;
    const nowMono = performance.now();
    const isLate = ({ sinceMono }: Waiting): boolean => nowMono - sinceMono >= this.#patienceMs - 1;
    const late = this.#waiting.filter(isLate);
    this.#waiting = this.#waiting.filter((one) => !isLate(one));
    for (const { connection } of late) {
      this.#drop(connection, 'connections dropped: no gateway came to take them');
    }
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const leftMs = oldest.sinceMono + this.#patienceMs - nowMono;
    this.#timer = setTimeout(() => this.#dropLate(), leftMs);
  }

  #drop(connection: Socket, message: string): void {
    connection.destroy();
    this.#dropped += 1;
    // One line for each doubling: a storm must not fill the log.
    if (Number.isInteger(Math.log2(this.#dropped))) {
      this.#options.log.warn({ dropped: this.#dropped }, message);
    }
  }
}

function closedError(): NodeJS.ErrnoException {
  return Object.assign(new Error('the service stops'), { code: 'ECANCELED' });
}

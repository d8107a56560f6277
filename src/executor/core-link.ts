/**
 * The connection to the core: opened again for ever, messages decoded and handed on in order.
 *
 *   closed ─► connecting ─► open ─► closed …      until `close` or `drop`
 *
 * It keeps nothing: what must survive a lost connection waits in the outbox.
 */
import { connect } from 'node:net';
import WebSocket from 'ws';
import type { Logger } from '../process/logger.ts';
import type { Deadline } from '../process/service.ts';
import type { CoreMessage } from '../protocol/execute.ts';

const FIRST_DELAY_MS = 20;
const MAX_DELAY_MS = 500;
const HANDSHAKE_TIMEOUT_MS = 5_000;

export interface LinkListener {
  readonly onOpen: () => void;
  readonly onMessage: (message: CoreMessage) => void;
  readonly onClose: () => void;
}

export interface LinkSettings {
  readonly controlSocket: string;
  readonly maxMessageBytes: number;
}

/** Doubles with each failure in a row. Pure. */
export function reconnectDelayMs(failures: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** failures, MAX_DELAY_MS);
}

export class CoreLink {
  readonly #settings: LinkSettings;
  readonly #listener: LinkListener;
  readonly #log: Logger;
  #socket: WebSocket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #wanted = false;

  constructor(settings: LinkSettings, listener: LinkListener, log: Logger) {
    this.#settings = settings;
    this.#listener = listener;
    this.#log = log;
  }

  start(): void {
    this.#wanted = true;
    this.#connect();
  }

  /** The core has answered: the next loss starts with the shortest delay again. */
  settle(): void {
    this.#failures = 0;
  }

  /** Without a connection the text is dropped and `written` never called. */
  send(text: string, written?: () => void): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text, () => written?.());
  }

  /** Ends the connection after everything that was sent has left. */
  async close(deadline: Deadline): Promise<void> {
    this.#wanted = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const socket = this.#socket;
    if (socket === null) return;
    const timer = setTimeout(() => socket.terminate(), deadline.remainingMs());
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.close(1000);
    await closed;
    clearTimeout(timer);
  }

  #connect(): void {
    this.#timer = null;
    // `createConnection` instead of a ws+unix: address, which ends the path at the first colon.
    const socket = new WebSocket('ws://localhost/v1/execute', {
      createConnection: () => connect(this.#settings.controlSocket),
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: this.#settings.maxMessageBytes,
      // A mask keeps proxies from being fooled (RFC 6455, 10.3); here is none. With zeros nothing is to be changed.
      generateMask: (mask) => mask.fill(0),
    });
    this.#socket = socket;
    let opened = false;
    socket.on('open', () => {
      opened = true;
      this.#listener.onOpen();
    });
    socket.on('message', (data) => this.#receive(socket, data));
    socket.on('error', (error) => this.#log.debug({ err: error }, 'connection to the core failed'));
    socket.on('close', () => {
      this.#socket = null;
      if (opened) this.#listener.onClose();
      this.#retry();
    });
  }

  #retry(): void {
    if (!this.#wanted) return;
    this.#timer = setTimeout(() => this.#connect(), reconnectDelayMs(this.#failures));
    this.#failures += 1;
  }

  #receive(socket: WebSocket, data: WebSocket.RawData): void {
    let message: CoreMessage;
    try {
      message = JSON.parse(String(data)) as CoreMessage;
    } catch (error) {
      // The core never sends this; start over rather than guess what was meant.
      this.#log.error({ err: error }, 'a message of the core is not JSON: connecting again');
      socket.terminate();
      return;
    }
    this.#listener.onMessage(message);
  }
}

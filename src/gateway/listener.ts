/**
 * The public port: HTTP that refuses everything except a WebSocket handshake on the one path, and the
 * stream of events on another.
 *
 * Hands over each socket that shook hands and forgets it. Does not know tokens or messages.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { WebSocketEventsSettings } from '../config/settings.ts';
import type { Capacity } from './capacity.ts';
import { Doorway } from './doorway.ts';
import { judgeHandshake } from './handshake.ts';
import { bearerOf, pickProtocol } from './protocols/negotiation.ts';
import { isStreamPath } from './protocols/sse.ts';
import { serveSdk } from './sdk.ts';
import { judgeStream, retryAfterSeconds } from './sse-answer.ts';

export interface ListenerOptions {
  readonly settings: Pick<
    WebSocketEventsSettings,
    'address' | 'port' | 'path' | 'maxMessage' | 'origins'
  >;
  /** False: handshakes are put off with 503. */
  readonly isOpen: () => boolean;
  /** @param bearer the token that came with the handshake */
  readonly onSocket: (socket: WebSocket, transport: Socket, bearer: string | undefined) => void;
  /** A GET of the stream of events, of a page that may come in or of no page; left out: there is none. */
  readonly onStream?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Left out: as many as come. */
  readonly capacity?: Capacity;
  /** Called for each connection that is put off or dropped because of the capacity. */
  readonly onFull?: () => void;
  /** The server failed after it had been listening. */
  readonly onError: (error: Error) => void;
  /** How long a client may take to send its handshake; 10 s when omitted. */
  readonly handshakeTimeoutMs?: number;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 16_384;
/** After a close was sent, a peer that does not answer it is dropped. */
const CLOSE_TIMEOUT_MS = 5_000;
/** Up to so many times the limit a message is read and refused with code 5; beyond, the socket ends with 1009. */
const OVERSIZE_FACTOR = 4;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  readonly #doorway: Doorway;
  #isListening = false;
  #isServing = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const timeoutMs = options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    this.#http = createServer({
      headersTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      connectionsCheckingInterval: timeoutMs / 2,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    this.#webSockets = new WebSocketServer(webSocketOptions(options.settings.maxMessage));
    this.#doorway = new Doorway(timeoutMs);
    this.#http.on('connection', (socket) => this.#onConnection(socket));
    this.#http.on('request', (request, response) => {
      this.#doorway.leave(request.socket);
      // It did not wait for the answer to the one before it, which ends the connection: it never has its turn, nor an end.
      if (response.socket === null) return;
      if (serveSdk(request, response) || this.#serveStream(request, response)) return;
      const status = this.#judge(request);
      const headers = { connection: 'close', ...(status === 426 && { upgrade: 'websocket' }) };
      response.writeHead(status, headers).end(`${STATUS_CODES[status]}\n`);
    });
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    this.#http.on('error', (error) => {
      if (this.#isListening) options.onError(error);
    });
  }

  /** May be called again after it rejected. */
  listen(): Promise<AddressInfo> {
    const { address, port } = this.#options.settings;
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen({ host: address, port }, () => {
        this.#http.off('error', reject);
        this.#isListening = true;
        this.#isServing = true;
        resolve(this.#http.address() as AddressInfo);
      });
    });
  }

  /** Instead of `listen`: connections come by `accept`. */
  serve(): void {
    this.#isServing = true;
  }

  /** A connection of a port that somebody else listens on; nothing was read from it. */
  accept(socket: Socket): void {
    // As the HTTP server has its own: a client may end its side and still be answered.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    this.#http.emit('connection', socket);
  }

  /** Open connections, whatever became of them. */
  get sockets(): number {
    return this.#doorway.sockets;
  }

  /** Resolves when all that came have shaken hands or gone: soon, where none comes any more. */
  settled(): Promise<void> {
    return this.#doorway.emptied();
  }

  /** Frees the port; sockets that shook hands stay. Of a port that is not our own, nothing. */
  quiet(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    this.#isServing = false;
    this.#http.close();
  }

  /** Frees the port and drops what has not shaken hands; the rest belongs to who took it. */
  close(): void {
    this.quiet();
    this.#isServing = false;
    // Requests that were taken belong to who took them, as sockets do that shook hands.
    this.#http.closeIdleConnections();
    this.#doorway.close();
  }

  #onConnection(socket: Socket): void {
    this.#doorway.enter(socket);
    const { capacity, onFull } = this.#options;
    if (capacity === undefined || this.sockets <= capacity.sockets) return;
    onFull?.();
    socket.destroy();
  }

  #isFull(): boolean {
    const { capacity } = this.#options;
    return capacity !== undefined && this.sockets > capacity.connections;
  }

  #judge(request: IncomingMessage): number {
    return judgeHandshake(request.url ?? '/', request.headers, this.#options.settings);
  }

  /** @returns false for what is not about the stream */
  #serveStream(request: IncomingMessage, response: ServerResponse): boolean {
    const { onStream, onFull, isOpen } = this.#options;
    if (onStream === undefined || !isStreamPath(request.url)) return false;
    const mayPass = this.#isServing && isOpen();
    const isFull = mayPass && this.#isFull();
    if (isFull) onFull?.();
    const refusal = judgeStream(request, this.#options.settings.origins, mayPass && !isFull);
    if (refusal === undefined) onStream(request, response);
    else response.writeHead(refusal.status, refusal.headers).end(refusal.body);
    return true;
  }

  #onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const transport = stream as Socket;
    this.#doorway.leave(transport);
    const isOpen = this.#isServing && this.#options.isOpen();
    // WebSocket begins with HTTP/1.1 (RFC 6455, 4.1), which the library does not look at.
    const judged = request.httpVersion === '1.0' ? 505 : this.#judge(request);
    const isFull = judged === 426 && this.#isFull();
    if (isFull) this.#options.onFull?.();
    const status = judged === 426 && (isFull || !isOpen) ? 503 : judged;
    if (status !== 426) {
      refuse(transport, status);
      return;
    }
    this.#webSockets.handleUpgrade(request, transport, head, (socket) => {
      const bearer = bearerOf(request.headers['sec-websocket-protocol']);
      this.#options.onSocket(socket, transport, bearer);
    });
  }
}

function webSocketOptions(maxMessage: number): ServerOptions & { closeTimeout: number } {
  return {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessage * OVERSIZE_FACTOR,
    closeTimeout: CLOSE_TIMEOUT_MS,
    // To pick one that is not spoken would be a promise.
    handleProtocols: pickProtocol,
  };
}

function refuse(socket: Socket, status: number): void {
  // The client may be gone already, which is as good as refused.
  socket.on('error', () => {});
  const retry = status === 503 ? `Retry-After: ${retryAfterSeconds()}\r\n` : '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n${retry}\r\n`,
    () => socket.destroy(),
  );
}

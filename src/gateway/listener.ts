/**
 * The public port: HTTP that refuses everything except a WebSocket handshake on the one path.
 *
 * Hands over each socket that shook hands and forgets it. Does not know tokens or messages.
 */
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { WebSocketEventsSettings } from '../config/settings.ts';
import { judgeHandshake } from './handshake.ts';
import { bearerOf, pickProtocol } from './protocols/negotiation.ts';

export interface ListenerOptions {
  readonly settings: Pick<
    WebSocketEventsSettings,
    'address' | 'port' | 'path' | 'maxMessage' | 'origins'
  >;
  /** False: handshakes are put off with 503. */
  readonly isOpen: () => boolean;
  /** @param bearer the token that came with the handshake */
  readonly onSocket: (socket: WebSocket, transport: Socket, bearer: string | undefined) => void;
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
  #isListening = false;

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
    this.#http.on('request', (request, response) => {
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
        resolve(this.#http.address() as AddressInfo);
      });
    });
  }

  /** Frees the port; sockets that shook hands stay. */
  quiet(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    this.#http.close();
  }

  /** Frees the port and drops what has not shaken hands; the rest belongs to who took it. */
  close(): void {
    this.quiet();
    this.#http.closeAllConnections();
  }

  #judge(request: IncomingMessage): number {
    return judgeHandshake(request.url ?? '/', request.headers, this.#options.settings);
  }

  #onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const transport = stream as Socket;
    const isOpen = this.#isListening && this.#options.isOpen();
    // WebSocket begins with HTTP/1.1 (RFC 6455, 4.1), which the library does not look at.
    const judged = request.httpVersion === '1.0' ? 505 : this.#judge(request);
    const status = judged === 426 && !isOpen ? 503 : judged;
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
  const retry = status === 503 ? 'Retry-After: 1\r\n' : '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n${retry}\r\n`,
    () => socket.destroy(),
  );
}

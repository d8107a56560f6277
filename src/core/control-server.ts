/**
 * The control server: HTTP JSON and the WebSocket streams, on the unix socket and, if configured, on a
 * TCP port with a token. Knows routes and streams, and nothing behind them.
 *
 * Only the core that owns the data directory listens, so a socket file that is there is a dead one's.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { OPEN_PATHS } from '../api/health.ts';
import { type ApiAnswer, type Route, readJson } from '../api/route.ts';
import type { Logger } from '../process/logger.ts';
import type { Deadline, Service } from '../process/service.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { REQUESTS_PATH } from '../protocol/requests.ts';
import type { GivenSockets } from '../protocol/supervision.ts';
import { type ApiRole, type ApiTokens, roleOf } from './api-token.ts';
import { listenAtPath, listenAtPort } from './control-listening.ts';
import { RequestRouter, urlOf } from './request-router.ts';
import { RequestStream } from './request-stream.ts';

export interface Upgrade {
  readonly query: URLSearchParams;
  /** It came by TCP: the other end may be on another machine. */
  readonly isRemote: boolean;
  /** The connection below the WebSocket. */
  readonly transport: Duplex;
}

export interface Stream {
  readonly path: string;
  /** A gateway elsewhere may open it, with the token of its role. */
  readonly forEdges?: true;
  readonly accept: (socket: WebSocket, upgrade: Upgrade) => void;
}

export interface TcpDoor {
  readonly address: string;
  readonly port: number;
  readonly tokens: ApiTokens;
  /** Host headers that are right besides those of the address; `*` alone: any. */
  readonly hosts?: readonly string[];
}

export interface ControlServerParts {
  readonly socketPath: string;
  /** Null: no TCP listener. */
  readonly tcp: TcpDoor | null;
  /** Sockets that a service manager opened, to be served in place of own ones. */
  readonly given?: GivenSockets | undefined;
  readonly routes: readonly Route[];
  readonly streams: readonly Stream[];
  /** See `RequestStreamWorld`. */
  readonly ownFrames: boolean;
  readonly log: Logger;
}

/** Undefined: nobody who is known. */
type Authorize = (request: IncomingMessage) => ApiRole | undefined;

/** Who came, and how. */
interface Arrival {
  readonly request: IncomingMessage;
  readonly role: ApiRole;
  readonly isRemote: boolean;
}

/** Batches of outcomes: up to 256 results of 1 MiB would not fit, but nobody's do. */
const MAX_MESSAGE_BYTES = 64 * 1_048_576;

/** Tells a stream whose other end is gone without a word, and which may say nothing for days. */
const ASK_PEER_AFTER_MS = 60_000;

export class ControlServer implements Service {
  readonly #parts: ControlServerParts;
  readonly #router: RequestRouter;
  readonly #requests = new Map<WebSocket, RequestStream>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  readonly #stopping = new AbortController();
  #servers: Server[] = [];

  constructor(parts: ControlServerParts) {
    this.#parts = parts;
    this.#router = new RequestRouter(parts.routes, parts.log);
  }

  async start(): Promise<void> {
    const { socketPath, tcp, given } = this.#parts;
    const local = this.#create(() => 'admin', false);
    await listenAtPath(local, socketPath, given?.ctl);
    if (tcp === null) return;
    let door = tcp;
    const remote = this.#create((request) => roleAt(request, door), true);
    const place = await listenAtPort(remote, tcp, given?.http);
    if (given?.http !== undefined) door = { ...tcp, ...place };
    this.#parts.log.info({ address: door.address, port: door.port }, 'control API listening');
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#stopping.abort();
    for (const socket of this.#webSockets.clients) {
      const requests = this.#requests.get(socket);
      if (requests === undefined) socket.close(1012);
      else requests.quiet();
    }
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const server of this.#servers) server.closeIdleConnections();
    const timer = setTimeout(() => this.#cutOff(), Math.min(1_000, deadline.remainingMs()));
    await Promise.all(closed);
    clearTimeout(timer);
    this.#servers = [];
  }

  #cutOff(): void {
    for (const socket of this.#webSockets.clients) socket.terminate();
    for (const server of this.#servers) server.closeAllConnections();
  }

  #create(authorize: Authorize, isRemote: boolean): Server {
    const limits = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000 };
    const watch = { keepAlive: isRemote, keepAliveInitialDelay: ASK_PEER_AFTER_MS };
    const server = createServer({ ...limits, ...watch }, (request, response) => {
      void this.#answer(request, response, authorize);
    });
    server.on('upgrade', (request, socket, head) => {
      const role = authorize(request);
      if (role === undefined) refuse(socket, '401 Unauthorized');
      else this.#upgrade({ request, role, isRemote }, socket, head);
    });
    this.#servers.push(server);
    return server;
  }

  #upgrade({ request, role, isRemote }: Arrival, socket: Duplex, head: Buffer): void {
    const url = urlOf(targetOf(request));
    const stream = url === undefined ? undefined : this.#streamAt(url.pathname);
    if (url === undefined || stream === undefined) {
      refuse(socket, url === undefined ? '400 Bad Request' : '404 Not Found');
      return;
    }
    if (role === 'edge' && !stream.forEdges) {
      refuse(socket, '403 Forbidden');
      return;
    }
    if (this.#stopping.signal.aborted) {
      refuse(socket, '503 Service Unavailable');
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      stream.accept(webSocket, { query: url.searchParams, isRemote, transport: socket });
    });
  }

  #streamAt(pathname: string): Omit<Stream, 'path'> | undefined {
    if (pathname !== REQUESTS_PATH) {
      return this.#parts.streams.find(({ path }) => path === pathname);
    }
    const accept: Stream['accept'] = (socket, { transport }) => {
      const world = { router: this.#router, ownFrames: this.#parts.ownFrames };
      this.#requests.set(socket, new RequestStream(socket, transport, world));
      socket.on('close', () => this.#requests.delete(socket));
    };
    return { accept };
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    authorize: Authorize,
  ): Promise<void> {
    try {
      const role = authorize(request) ?? roleOfAnyone(request);
      if (role === undefined) throw unauthorized();
      const answer = await this.#route(request, response, role === 'edge');
      const { status, body, contentType } = answer;
      if (contentType === undefined) send(response, status, body);
      else sendText(response, { status, text: String(body), contentType });
    } catch (error) {
      // Whoever asked went in the middle of its body: there is nobody to answer and nothing to mend.
      if (isBrokenOff(error)) this.#parts.log.debug({ err: error }, 'request broken off');
      else this.#sendProblem(response, error);
    }
  }

  #route(request: IncomingMessage, response: ServerResponse, isEdge: boolean): Promise<ApiAnswer> {
    return this.#router.answer({
      method: request.method ?? 'GET',
      target: targetOf(request),
      isEdge,
      idempotencyKey: idempotencyKeyOf(request),
      json: () => readJson(request),
      signal: () => AbortSignal.any([this.#stopping.signal, closeSignal(response)]),
    });
  }

  #sendProblem(response: ServerResponse, error: unknown): void {
    const problem = this.#router.problemOf(error);
    if (response.headersSent) response.destroy();
    else send(response, problem.status, problem, 'application/problem+json');
  }
}

function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  contentType = 'application/json',
): void {
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  sendText(response, { status, text: JSON.stringify(body), contentType });
}

function sendText(
  response: ServerResponse,
  answer: { readonly status: number; readonly text: string; readonly contentType: string },
): void {
  const { status, text, contentType } = answer;
  response
    .writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) })
    .end(text);
}

function closeSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}

function targetOf({ url = '/' }: IncomingMessage): string {
  return url;
}

function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
}

function refuse(socket: Duplex, status: string): void {
  // Whoever asked may be gone already: then nobody is to hear it, and it is no reason to end the process.
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** The Host is checked too: a web page must not reach the API through a name that it controls. */
function roleAt(
  request: IncomingMessage,
  { address, port, tokens, hosts = [] }: TcpDoor,
): ApiRole | undefined {
  const own = [address, 'localhost', '127.0.0.1', '[::1]'].map((host) => `${host}:${port}`);
  const isKnown = hosts.includes('*') || [...own, ...hosts].includes(request.headers.host ?? '');
  return isKnown ? roleOf(request.headers.authorization, tokens) : undefined;
}

/** Probes have no token, and come by whatever name: what they are told is no secret, and changes nothing. */
function roleOfAnyone(request: IncomingMessage): ApiRole | undefined {
  return request.method === 'GET' && OPEN_PATHS.has(targetOf(request)) ? 'edge' : undefined;
}

function unauthorized(): TaskbellError {
  return new TaskbellError('E_UNAUTHORIZED', 'The control API over TCP needs its token.', {
    hint: 'Send Authorization: Bearer with the content of api-token in the data directory.',
  });
}

/**
 * A small real control server on a unix socket, with what a gateway needs of the core: the log to
 * follow, access questions and the status. It keeps its log over `stop` and `start`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  covers,
  type EventRequest,
  type FollowRequest,
  type LogEvent,
  type ReattachRequest,
  type Topic,
} from '../../src/protocol/events.ts';
import type { AccessAnswer, AccessQuestion, StatusView } from '../../src/protocol/status.ts';
import type { RevocationView } from '../../src/protocol/tokens.ts';

type Answer = AccessAnswer['code'] | Promise<AccessAnswer['code']>;

export class CoreFixture {
  readonly socketPath: string;
  readonly questions: AccessQuestion[] = [];
  /** Queries of the upgrades of followers. */
  readonly hellos: URLSearchParams[] = [];
  answer: (question: AccessQuestion) => Answer = () => 0;
  /** Users that were asked for whole. */
  readonly users: string[] = [];
  /** By default it holds more than it tells, so that each object is asked for. */
  access: (user: string) => unknown = () => ({ known: true, grants: [], complete: false });
  gateway: StatusView['gateway'] = null;
  epoch = 'k3f9';
  revocations: RevocationView[] = [];
  /** What followers said, in order. */
  readonly requests: (FollowRequest | ReattachRequest)[] = [];
  /** Reattaches are served when this has resolved. */
  reattachable: Promise<void> = Promise.resolve();
  #log: LogEvent[] = [];
  #oldest = 0;
  #followers = new Map<WebSocket, { from: number; topics: readonly Topic[] }>();
  #http: Server | undefined;
  #webSockets = new WebSocketServer({ noServer: true });

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  async start(): Promise<void> {
    const http = createServer((request, response) => void this.#serve(request, response));
    http.on('upgrade', (request, socket, head) => {
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.hellos.push(new URL(request.url ?? '', 'http://core').searchParams);
        webSocket.on('message', (data) => this.#hear(webSocket, JSON.parse(String(data))));
        webSocket.on('close', () => this.#followers.delete(webSocket));
      });
    });
    this.#http = http;
    await new Promise<void>((resolve) => http.listen(this.socketPath, resolve));
  }

  async stop(): Promise<void> {
    for (const follower of this.#webSockets.clients) follower.terminate();
    const http = this.#http;
    this.#http = undefined;
    http?.closeAllConnections();
    if (http !== undefined) await new Promise((resolve) => http.close(resolve));
  }

  publish(event: EventRequest): LogEvent {
    const topic = this.#log.findLast((row) => row.type === event.type && row.id === event.id);
    const seq = String(this.#log.length + 1);
    const row = { ...event, seq, prev: topic?.seq ?? null, at: new Date().toISOString() };
    this.#log.push(row);
    this.#feed();
    return row;
  }

  /** Forgets everything, as a core on a new database would. */
  replaceLog(): void {
    this.#log = [];
    this.epoch = `${this.epoch}x`;
  }

  #hear(follower: WebSocket, request: FollowRequest | ReattachRequest): void {
    this.requests.push(request);
    if (request.action === 'attach') this.#attach(follower, request);
    else void this.#reattach(follower, request);
  }

  #attach(follower: WebSocket, request: FollowRequest): void {
    const isForeign = request.epoch !== undefined && request.epoch !== this.epoch;
    const top = this.#log.length;
    const from = request.since === undefined || isForeign ? top : Number(request.since);
    const reply = { status: 200, message: 'Ok', code: 0, seq: String(from), epoch: this.epoch };
    follower.send(JSON.stringify({ ...reply, recovered: !isForeign }));
    const topics = request.events ?? [];
    this.#followers.set(follower, { from: Math.max(from, this.#oldest), topics });
    this.#feed();
  }

  async #reattach(follower: WebSocket, { events, rid }: ReattachRequest): Promise<void> {
    await this.reattachable;
    const from = this.#log.length;
    this.#followers.set(follower, { from, topics: events });
    const reply = { status: 200, message: 'Ok', code: 0, rid, seq: String(from) };
    follower.send(JSON.stringify(reply));
  }

  #feed(): void {
    for (const [follower, { from, topics }] of this.#followers) {
      for (const row of this.#log.slice(from)) {
        if (topics.some((topic) => covers(topic, row))) follower.send(JSON.stringify(row));
      }
      this.#followers.set(follower, { from: this.#log.length, topics });
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = await this.#route(request.url ?? '', Buffer.concat(chunks).toString());
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  }

  async #route(url: string, text: string): Promise<unknown> {
    if (url === '/v1/status') return { gateway: this.gateway };
    if (url.startsWith('/v1/tokens/revocations'))
      return { revocations: this.revocations, next: null };
    const [, user] = /^\/v1\/users\/([^/]+)\/access$/.exec(url) ?? [];
    if (user !== undefined) {
      const asked = decodeURIComponent(user);
      this.users.push(asked);
      return this.access(asked);
    }
    const question = JSON.parse(text) as AccessQuestion;
    this.questions.push(question);
    return { code: await this.answer(question) };
  }
}

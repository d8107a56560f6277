/**
 * A small control server on a real unix socket: it speaks the shapes of src/protocol and keeps a log
 * in memory, so that the client and the commands can be tested without a core.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Problem, TaskbellError, toProblem } from '../../src/protocol/errors.ts';
import {
  covers,
  type EventRequest,
  type FollowRequest,
  type LogEvent,
  type ReattachRequest,
  type Topic,
} from '../../src/protocol/events.ts';
import type { JobRequest, JobState, JobView } from '../../src/protocol/jobs.ts';
import { REQUESTS_PATH } from '../../src/protocol/requests.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly idempotencyKey: string | undefined;
}

/** Undefined: an answer without a body (204). A TaskbellError thrown becomes a problem. */
export type Route = (asked: Asked, rest: readonly string[]) => unknown;

export class ControlServer {
  readonly directory: string;
  readonly socketPath: string;
  readonly asked: Asked[] = [];
  readonly upgrades: URL[] = [];
  readonly attaches: FollowRequest[] = [];
  readonly reattaches: ReattachRequest[] = [];
  /** Knows no reattach, and no attach to nothing. */
  isOlder = false;
  /** Reattaches are served when this has resolved. */
  reattachable: Promise<void> = Promise.resolve();
  readonly routes = new Map<string, Route>();
  readonly jobs = new Map<string, JobView>();
  log: LogEvent[] = [];
  epoch = 'epoch1';
  /** Sequence numbers of events that are not sent the first time, to make a hole. */
  readonly holes = new Set<string>();
  refuseUpgradeWith = 0;
  refusedUpgrades = 0;
  /** False: as a daemon that knows no `/v1/requests`. */
  takesFrames = true;
  /** Frames of requests, as they came. */
  readonly frames: string[] = [];
  /** Connections for requests that are open. */
  get frameSocketCount(): number {
    return this.#frameSockets.size;
  }
  /** Says something to whoever asks by frames, as it is. */
  sayToAskers(text: string): void {
    for (const ws of this.#frameSockets) ws.send(text);
  }
  /** Breaks the connections for requests, and nothing else. */
  dropAskers(): void {
    for (const ws of this.#frameSockets) ws.terminate();
  }
  readonly #frameSockets = new Set<WebSocket>();
  #http: Server | undefined;
  #sockets: WebSocketServer | undefined;
  readonly #followers = new Map<WebSocket, readonly Topic[]>();
  #jobChanged = Promise.resolve();
  #announceJob = () => {};

  static async create(): Promise<ControlServer> {
    const server = new ControlServer(await mkdtemp(path.join(tmpdir(), 'taskbell-control-')));
    await server.listen();
    return server;
  }

  private constructor(directory: string) {
    this.directory = directory;
    this.socketPath = path.join(directory, 'control.sock');
    this.#armJobs();
    addRoutes(this);
  }

  async listen(): Promise<void> {
    this.#http = createServer((request, response) => void this.#answer(request, response));
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.refuseUpgradeWith > 0) {
        this.refusedUpgrades += 1;
        socket.end(`HTTP/1.1 ${this.refuseUpgradeWith} No\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      const url = new URL(request.url ?? '', 'http://localhost');
      this.upgrades.push(url);
      if (url.pathname === REQUESTS_PATH && !this.takesFrames) {
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      this.#sockets?.handleUpgrade(request, socket, head, (ws) => {
        if (url.pathname === REQUESTS_PATH) this.#takeFrames(ws);
        else this.#follow(ws);
      });
    });
    await new Promise<void>((resolve) => this.#http?.listen(this.socketPath, resolve));
  }

  /** As a killed core: every connection breaks, the socket file goes. */
  async goAway(): Promise<void> {
    for (const ws of this.#sockets?.clients ?? []) ws.terminate();
    this.#followers.clear();
    this.#http?.closeAllConnections();
    await new Promise((resolve) => this.#http?.close(resolve));
  }

  async dispose(): Promise<void> {
    await this.goAway();
    await rm(this.directory, { recursive: true, force: true });
  }

  get followerCount(): number {
    return this.#followers.size;
  }

  /** Appends to the log and sends to whoever follows. */
  append(event: EventRequest): LogEvent {
    const seq = String(Number(this.log.at(-1)?.seq ?? 0) + 1);
    const prev = this.log.findLast((row) => sameTopic(row, event))?.seq ?? null;
    const row: LogEvent = { ...event, seq, prev, at: new Date().toISOString() };
    this.log.push(row);
    for (const [ws, topics] of this.#followers) this.#send(ws, topics, row);
    return row;
  }

  /** To every follower, as it is. */
  sendRaw(text: string): void {
    for (const ws of this.#followers.keys()) ws.send(text);
  }

  addJob(request: JobRequest): JobView {
    const id = String(this.jobs.size + 1);
    const job = jobView(id, request);
    this.jobs.set(id, job);
    return job;
  }

  setJob(id: string, state: JobState, more: Partial<JobView> = {}): JobView {
    const job = { ...this.job(id), state, ...more };
    this.jobs.set(id, job);
    const announce = this.#announceJob;
    this.#armJobs();
    announce();
    return job;
  }

  job(id: string): JobView {
    const job = this.jobs.get(id);
    if (job === undefined) throw new TaskbellError('E_NOT_FOUND', `No job ${id}.`);
    return job;
  }

  jobChanged(): Promise<void> {
    return this.#jobChanged;
  }

  #armJobs(): void {
    this.#jobChanged = new Promise((resolve) => {
      this.#announceJob = resolve;
    });
  }

  #follow(ws: WebSocket): void {
    ws.on('error', () => {
      // A follower that is killed on purpose; its close is what the tests look at.
    });
    ws.on('close', () => this.#followers.delete(ws));
    ws.on('message', (data) => {
      const request = JSON.parse(String(data)) as FollowRequest | ReattachRequest;
      if (this.isOlder && (request.action === 'reattach' || request.events === undefined)) {
        ws.send(JSON.stringify({ status: 400, message: 'Invalid request', code: 5 }));
        return;
      }
      if (request.action === 'reattach') {
        this.reattaches.push(request);
        void this.#reattach(ws, request);
        return;
      }
      this.attaches.push(request);
      const top = this.log.at(-1)?.seq ?? '0';
      const since = Number(request.since ?? top);
      const oldest = Number(this.log[0]?.seq ?? 1);
      const known = request.epoch === undefined || request.epoch === this.epoch;
      const recovered = known && since >= oldest - 1 && since <= Number(top);
      const seq = recovered ? String(since) : String(oldest - 1);
      const reply = { status: 200, message: 'Ok', code: 0, seq, epoch: this.epoch, recovered };
      ws.send(JSON.stringify(reply));
      for (const row of this.log.filter((one) => Number(one.seq) > Number(seq))) {
        this.#send(ws, request.events ?? [], row);
      }
      this.#followers.set(ws, request.events ?? []);
    });
  }

  async #reattach(ws: WebSocket, { events, rid }: ReattachRequest): Promise<void> {
    await this.reattachable;
    this.#followers.set(ws, events);
    const seq = this.log.at(-1)?.seq ?? '0';
    ws.send(JSON.stringify({ status: 200, message: 'Ok', code: 0, rid, seq }));
  }

  #takeFrames(ws: WebSocket): void {
    this.#frameSockets.add(ws);
    ws.on('error', () => {
      // Killed on purpose; its close is what the tests look at.
    });
    ws.on('close', () => this.#frameSockets.delete(ws));
    ws.on('message', (data) => void this.#answerFrame(ws, String(data)));
  }

  async #answerFrame(ws: WebSocket, text: string): Promise<void> {
    this.frames.push(text);
    const { rid, method, path: target, body, idempotencyKey } = JSON.parse(text);
    const { pathname, searchParams: query } = new URL(target, 'http://localhost');
    const answer = await this.#decide({ method, path: pathname, query, body, idempotencyKey });
    ws.send(JSON.stringify({ rid, ...answer }));
  }

  #send(ws: WebSocket, topics: readonly Topic[], row: LogEvent): void {
    if (!topics.some((topic) => covers(topic, row))) return;
    if (this.holes.delete(row.seq)) return;
    ws.send(JSON.stringify(row));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await this.#decide(await read(request));
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'content-type': type });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  async #decide(asked: Asked): Promise<{ status: number; body: unknown }> {
    try {
      this.asked.push(asked);
      const found = this.#find(asked);
      if (found === undefined) throw new TaskbellError('E_NOT_FOUND', `No route ${asked.path}.`);
      const answer = await found.route(asked, found.rest);
      const created = asked.method === 'POST' && /^\/v1\/(jobs|events)$/.test(asked.path);
      return { status: answer === undefined ? 204 : created ? 201 : 200, body: answer };
    } catch (error) {
      const problem = problemOf(error);
      return { status: problem.status, body: problem };
    }
  }

  #find(asked: Asked): { route: Route; rest: string[] } | undefined {
    for (const [pattern, route] of this.routes) {
      const [method, template = ''] = pattern.split(' ');
      if (method !== asked.method) continue;
      const source = template.replace(/:\w+/g, '([^/]+)');
      const match = new RegExp(`^${source}$`).exec(asked.path);
      if (match) return { route, rest: match.slice(1).map(decodeURIComponent) };
    }
    return undefined;
  }
}

function addRoutes(server: ControlServer): void {
  const { routes } = server;
  const first = (rest: readonly string[]) => server.job(rest[0] ?? '');
  routes.set('POST /v1/jobs', ({ body }) => {
    const requests = (Array.isArray(body) ? body : [body]) as JobRequest[];
    const bad = requests.find((request) => request.type.startsWith('unknown'));
    if (bad)
      throw new TaskbellError('E_UNKNOWN_TYPE', `No handler for ${bad.type}.`, {
        hint: 'Add one.',
      });
    const added = requests.map((request) => ({ ...server.addJob(request), duplicate: false }));
    return Array.isArray(body) ? added : added[0];
  });
  routes.set('GET /v1/jobs', () => ({ jobs: [...server.jobs.values()].reverse(), next: null }));
  routes.set('GET /v1/jobs/:id', (_asked, rest) => first(rest));
  routes.set('GET /v1/jobs/:id/wait', async (_asked, rest) => {
    while (!['succeeded', 'failed', 'cancelled'].includes(first(rest).state)) {
      await server.jobChanged();
    }
    return first(rest);
  });
  routes.set('POST /v1/jobs/:id/cancel', (_asked, rest) =>
    server.setJob(first(rest).id, 'cancelled'),
  );
  routes.set('POST /v1/jobs/:id/retry', (_asked, rest) => server.setJob(first(rest).id, 'queued'));
  routes.set('POST /v1/events', ({ body }) => {
    const events = (Array.isArray(body) ? body : [body]) as EventRequest[];
    return { events: events.map((event) => server.append(event)) };
  });
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '', 'http://localhost');
  const text = Buffer.concat(chunks).toString();
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    body: text === '' ? undefined : JSON.parse(text),
    idempotencyKey: request.headers['idempotency-key'] as string | undefined,
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof TaskbellError) return toProblem(error);
  return toProblem(new TaskbellError('E_INTERNAL', String(error)));
}

function sameTopic(a: Topic, b: Topic): boolean {
  return a.type === b.type && a.id === b.id;
}

function jobView(id: string, request: JobRequest): JobView {
  return {
    id,
    type: request.type,
    queue: request.queue ?? 'default',
    state: 'queued',
    reason: null,
    priority: request.priority ?? 0,
    userId: request.userId ?? null,
    group: request.group ?? null,
    uniqueKey: request.uniqueKey ?? null,
    durability: request.durability ?? 'disk',
    waitsFor: 0,
    createdAt: '2026-01-02T03:04:05.678Z',
    runAt: null,
    startedAt: null,
    endedAt: null,
    duration: null,
    attempt: 0,
    progress: null,
    ...{ retries: null, timeoutMs: null, backoff: null },
    payload: request.payload ?? null,
    result: null,
    error: null,
    attempts: [],
  };
}

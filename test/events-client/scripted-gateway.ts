/**
 * A gateway of events v2 in memory, as docs/protocol.md describes it, that does wrong when it is told to:
 * loses events, refuses, falls silent, closes with any code.
 */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { covers, type LogEvent, type Topic } from '../../src/protocol/events.ts';

export interface Heard {
  readonly action: string;
  readonly rid?: number;
  readonly auth?: string;
  readonly events?: readonly Topic[];
  readonly since?: string;
  readonly epoch?: string;
  readonly last?: 1;
}

interface Peer {
  readonly socket: WebSocket;
  readonly topics: Topic[];
}

export class ScriptedGateway {
  readonly heard: Heard[] = [];
  readonly protocols: string[] = [];
  readonly tokens: string[] = [];
  epoch = 'k3f9';
  /** The oldest event that history has. */
  oldest = 1;
  /** Events that are in the log and are not pushed. */
  readonly lost = new Set<string>();
  /** Answered instead of being done. */
  refuse: (request: Heard) => object | undefined = () => undefined;
  /** Nothing is answered and nothing pushed. */
  isSilent = false;
  #log: LogEvent[] = [];
  readonly #peers = new Set<Peer>();
  #server: WebSocketServer | undefined;

  async start(): Promise<void> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    this.#server = server;
    server.on('connection', (socket) => {
      this.protocols.push(socket.protocol);
      const peer = { socket, topics: [] };
      this.#peers.add(peer);
      socket.on('message', (data) => this.#hear(peer, JSON.parse(String(data))));
      socket.on('close', () => this.#peers.delete(peer));
    });
    await new Promise((resolve) => server.once('listening', resolve));
  }

  get url(): string {
    const { port } = (this.#server as WebSocketServer).address() as AddressInfo;
    return `ws://127.0.0.1:${port}/ws`;
  }

  async stop(): Promise<void> {
    this.drop();
    const server = this.#server;
    if (server === undefined) return;
    await new Promise((resolve) => server.close(resolve));
  }

  publish(type: string, id: string, ...data: LogEvent['data']): LogEvent {
    const before = this.#log.findLast((row) => row.type === type && row.id === id);
    const seq = String(this.#log.length + 1);
    const row = { type, id, data, seq, prev: before?.seq ?? null, at: new Date(0).toISOString() };
    this.#log.push(row);
    if (!this.lost.has(seq)) this.push(row);
    return row;
  }

  /** To those who are attached, be it in the log or not. */
  push(event: Topic): void {
    for (const { socket, topics } of this.#peers) {
      if (topics.some((topic) => covers(topic, event))) this.#say(socket, event);
    }
  }

  /** To all. */
  say(message: object): void {
    for (const { socket } of this.#peers) this.#say(socket, message);
  }

  close(code: number, reason = ''): void {
    for (const { socket } of this.#peers) socket.close(code, reason);
  }

  /** As a network that breaks. */
  drop(): void {
    for (const { socket } of this.#peers) socket.terminate();
  }

  replaceLog(): void {
    this.#log = [];
    this.epoch = `${this.epoch}x`;
  }

  topicsOf(action: string): string[][] {
    return this.heard
      .filter((request) => request.action === action)
      .map(({ events = [] }) => events.map(({ type, id }) => `${type}/${id}`));
  }

  #say(socket: WebSocket, message: object): void {
    if (!this.isSilent) socket.send(JSON.stringify(message));
  }

  #hear(peer: Peer, request: Heard): void {
    if (this.isSilent) return;
    this.heard.push(request);
    if (request.auth !== undefined) this.tokens.push(request.auth);
    const refused = this.refuse(request);
    const { rid } = request;
    if (refused !== undefined) this.#say(peer.socket, { status: 400, rid, ...refused });
    else if (request.action === 'attach') this.#attach(peer, request);
    else {
      if (request.action === 'detach') this.#detach(peer, request.events ?? []);
      this.#say(peer.socket, { status: 200, message: 'Ok', code: 0, rid });
    }
  }

  #detach(peer: Peer, events: readonly Topic[]): void {
    for (const { type, id } of events) {
      const at = peer.topics.findIndex((topic) => topic.type === type && topic.id === id);
      if (at >= 0) peer.topics.splice(at, 1);
    }
  }

  #attach({ socket, topics }: Peer, { rid, events = [], since, epoch, last }: Heard): void {
    const mine = events.map(({ type, id = 'me' }) => ({ type, id }));
    topics.push(...mine);
    const top = String(this.#log.length);
    const ok = { status: 200, message: 'Ok', code: 0, rid, epoch: this.epoch };
    const rows = this.#log.filter((row) => mine.some((topic) => covers(topic, row)));
    if (last === 1) {
      this.#say(socket, { ...ok, seq: top });
      for (const topic of mine) {
        const row = rows.findLast((one) => covers(topic, one));
        if (row !== undefined) this.#say(socket, row);
      }
    } else if (since === undefined) this.#say(socket, { ...ok, seq: top });
    else {
      const isOurs = epoch === undefined || epoch === this.epoch;
      const recovered = isOurs && Number(since) + 1 >= this.oldest;
      const from = recovered ? Number(since) : this.oldest - 1;
      const found = rows.filter(({ seq }) => Number(seq) > from);
      const seq = recovered ? (found.length === 0 ? top : since) : String(this.oldest);
      this.#say(socket, { ...ok, seq, recovered });
      for (const row of found) if (!this.lost.has(row.seq)) this.#say(socket, row);
    }
  }
}

/** A client of events v2 that keeps what it was pushed, for tests; and one that comes back by itself. */
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import type { Client, GatewayFixture } from './gateway-fixture.ts';

export const V2 = 'taskbell.events.v2';

// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of the shape.
export type Said = any;

export async function connectV2(gateway: GatewayFixture): Promise<Client> {
  return gateway.connectAs([V2]);
}

/** Asks and reads on to the reply; what is pushed before it is an error. */
export async function ask(client: Client, request: object): Promise<Said> {
  const reply = JSON.parse(await client.ask(request));
  expect(reply).toHaveProperty('status');
  return reply;
}

export async function nextOf(client: Client, count: number): Promise<readonly Said[]> {
  const said: Said[] = [];
  while (said.length < count) said.push(JSON.parse(await client.next()));
  return said;
}

export interface Topic {
  readonly type: string;
  readonly id: string;
}

/** Attaches again whenever its connection is lost, from the last position that it saw. */
export class ResumingClient {
  readonly seen: string[] = [];
  readonly #lastOf = new Map<string, string>();
  /** Whatever must not happen: what came twice, out of order or before a reply, and what was not recovered. */
  readonly faults: string[] = [];
  connections = 0;
  #since = '0';
  #epoch: string | undefined;
  #socket: WebSocket | undefined;
  #isStopped = false;
  readonly #url: () => string;
  readonly #token: string;
  readonly #topics: readonly Topic[];

  constructor(url: () => string, token: string, topics: readonly Topic[]) {
    this.#url = url;
    this.#token = token;
    this.#topics = topics;
  }

  /** The position of the last event that it saw. */
  get since(): string {
    return this.#since;
  }

  start(): void {
    this.#connect();
  }

  /** Without a word: neither end says goodbye. */
  lose(): void {
    this.#socket?.terminate();
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    // A connection that the system lost before it was accepted is never answered.
    const socket = new WebSocket(this.#url(), [V2], { handshakeTimeout: 5_000 });
    this.#socket = socket;
    this.connections += 1;
    let isAttached = false;
    socket.on('open', () => {
      const epoch = this.#epoch === undefined ? {} : { epoch: this.#epoch };
      const where = { since: this.#since, ...epoch, events: this.#topics, rid: 1 };
      socket.send(JSON.stringify({ auth: this.#token, action: 'attach', ...where }));
    });
    socket.on('message', (data) => {
      const message: Said = JSON.parse(String(data));
      if (message.action !== undefined) return;
      if (message.status === undefined) this.#take(message, isAttached);
      else {
        isAttached = message.status === 200;
        this.#epoch = message.epoch;
        if (message.recovered !== true) this.faults.push(String(data));
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.#isStopped) setTimeout(() => this.#isStopped || this.#connect(), 20);
    });
  }

  #take({ type, id, seq, prev }: Said, isAttached: boolean): void {
    const topic = `${type} ${id}`;
    if (!isAttached) this.faults.push(`${seq} came before the reply`);
    if (Number(seq) <= Number(this.#since)) this.faults.push(`${seq} came after ${this.#since}`);
    const last = this.#lastOf.get(topic) ?? null;
    if (prev !== last) this.faults.push(`before ${seq} of ${topic} came ${last}, not ${prev}`);
    this.#lastOf.set(topic, seq);
    this.seen.push(seq);
    this.#since = seq;
  }
}

/**
 * A small real core for executor tests: a WebSocket server on a unix socket that speaks the execute
 * protocol and remembers what it was told. Decides nothing about jobs.
 */
import { createServer, type Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type {
  Assignment,
  CoreMessage,
  ExecutorMessage,
  Fence,
  HelloMessage,
  Outcome,
} from '../../src/protocol/execute.ts';

const WAIT_MS = 15_000;

export class TestCore {
  readonly #socketPath: string;
  #http: Server | null = null;
  #server: WebSocketServer | null = null;
  #peer: WebSocket | null = null;
  #changed: (() => void)[] = [];
  /** Everything ever received, over all connections. */
  readonly received: ExecutorMessage[] = [];
  /** Answer outcomes with `confirmed` at once. */
  confirming = true;
  forget: readonly Fence[] = [];

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async listen(): Promise<void> {
    const http = createServer();
    const server = new WebSocketServer({ server: http, path: '/v1/execute' });
    server.on('connection', (peer) => this.#accept(peer));
    await new Promise<void>((resolve) => http.listen(this.#socketPath, resolve));
    this.#http = http;
    this.#server = server;
  }

  async close(): Promise<void> {
    for (const client of this.#server?.clients ?? []) client.terminate();
    this.#server?.close();
    await new Promise<void>((resolve) =>
      this.#http ? this.#http.close(() => resolve()) : resolve(),
    );
    this.#http = null;
    this.#peer = null;
  }

  send(message: CoreMessage): void {
    this.#peer?.send(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.#peer?.send(text);
  }

  run(...attempts: readonly (Partial<Assignment> & { readonly type: string })[]): void {
    this.send({ kind: 'run', attempts: attempts.map(assignment) });
  }

  get connected(): boolean {
    return this.#peer !== null;
  }

  /** Waits, without polling, until `find` finds something in what was received. */
  async until<T>(
    find: (received: readonly ExecutorMessage[]) => T | undefined,
    what: string,
  ): Promise<T> {
    const endAtMono = performance.now() + WAIT_MS;
    for (;;) {
      const found = find(this.received);
      if (found !== undefined) return found;
      await this.#nextChange(endAtMono, what);
    }
  }

  outcome(id: string, attempt = 1): Promise<Outcome> {
    return this.until(
      () => this.outcomes().find((one) => one.id === id && one.attempt === attempt),
      `the outcome of ${id}`,
    );
  }

  hello(count = 1): Promise<HelloMessage> {
    return this.until(() => this.all('hello')[count - 1], `hello number ${count}`);
  }

  outcomes(): readonly Outcome[] {
    return this.all('ended').flatMap((message) => message.outcomes);
  }

  lines(id: string): readonly string[] {
    return this.all('log')
      .flatMap((message) => message.lines)
      .filter((line) => line.id === id)
      .map(({ level, line }) => `${level}: ${line}`);
  }

  all<K extends ExecutorMessage['kind']>(
    kind: K,
  ): readonly Extract<ExecutorMessage, { kind: K }>[] {
    return this.received.filter(
      (message): message is Extract<ExecutorMessage, { kind: K }> => message.kind === kind,
    );
  }

  #accept(peer: WebSocket): void {
    this.#peer = peer;
    peer.on('message', (data) => this.#receive(peer, JSON.parse(String(data)) as ExecutorMessage));
    peer.on('close', () => {
      if (this.#peer === peer) this.#peer = null;
      this.#wake();
    });
  }

  #receive(peer: WebSocket, message: ExecutorMessage): void {
    this.received.push(message);
    if (message.kind === 'hello') {
      peer.send(JSON.stringify({ kind: 'welcome', forget: this.forget } satisfies CoreMessage));
    }
    if (message.kind === 'ended' && this.confirming) {
      const fences = message.outcomes.map(({ id, attempt }) => ({ id, attempt }));
      peer.send(JSON.stringify({ kind: 'confirmed', fences } satisfies CoreMessage));
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }

  async #nextChange(endAtMono: number, what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        const seen = JSON.stringify(this.received).slice(0, 2_000);
        reject(new Error(`waited in vain for ${what}; received ${seen}`));
      }, endAtMono - performance.now());
      this.#changed.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

export function assignment(given: Partial<Assignment> & { readonly type: string }): Assignment {
  return {
    id: '1',
    attempt: 1,
    payload: null,
    queue: 'default',
    userId: null,
    group: null,
    createdAt: 1_700_000_000_000,
    timeoutMs: 0,
    failures: 0,
    ...given,
  };
}

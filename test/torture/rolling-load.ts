/**
 * The load under which processes are replaced: jobs that are added by plain HTTP, and clients that come to the public
 * port, ask one thing and go, by WebSocket and by server-sent events. Every request has to succeed at once: nothing
 * here tries again.
 */
import { Agent, request } from 'node:http';
import { WebSocket } from 'ws';
import { SseClient } from '../gateway/sse-client.ts';
import { V2 } from '../gateway/v2-client.ts';

export interface RollingLoadParts {
  readonly socketPath: string;
  readonly port: number;
  readonly token: string;
}

type Kind = 'add' | 'webSocket' | 'stream';

const ADDERS = 4;
const VISITORS = 2;
const ANSWER_WITHIN_MS = 30_000;

export class RollingLoad {
  readonly requests: Record<Kind, number> = { add: 0, webSocket: 0, stream: 0 };
  /** In words. */
  readonly failures: string[] = [];
  /** Jobs that were accepted. */
  readonly ids: string[] = [];
  readonly #parts: RollingLoadParts;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #running: Promise<void>;
  #isOver = false;

  private constructor(parts: RollingLoadParts) {
    this.#parts = parts;
    const loops = [
      ...Array.from({ length: ADDERS }, () => this.#repeat('add', () => this.#add())),
      ...Array.from({ length: VISITORS }, () => this.#repeat('webSocket', () => this.#visit())),
      this.#repeat('stream', () => this.#listen()),
    ];
    this.#running = Promise.all(loops).then(() => undefined);
  }

  static begin(parts: RollingLoadParts): RollingLoad {
    return new RollingLoad(parts);
  }

  /** Resolves when the last request was answered. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #repeat(kind: Kind, once: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      this.requests[kind] += 1;
      try {
        await once();
      } catch (error) {
        this.failures.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  async #add(): Promise<void> {
    const body = JSON.stringify({ type: 'short' });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const { status, text } = await this.#post('/v1/jobs', body, headers);
    if (status !== 201) throw new Error(`${status} ${text}`);
    this.ids.push((JSON.parse(text) as { id: string }).id);
  }

  #post(path: string, body: string, headers: Record<string, string | number>) {
    const { socketPath } = this.#parts;
    return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const asked = request({ socketPath, path, method: 'POST', headers, agent: this.#agent });
      asked.setTimeout(ANSWER_WITHIN_MS, () => asked.destroy(new Error('no answer')));
      asked.on('error', reject);
      asked.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode, text }));
      });
      asked.end(body);
    });
  }

  /** Comes, attaches, hears that it is attached, and goes. */
  async #visit(): Promise<void> {
    const { port, token } = this.#parts;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, [V2], {
      handshakeTimeout: ANSWER_WITHIN_MS,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
        socket.on('open', () => {
          const event = { type: 'downloadFile', id: 'mine' };
          socket.send(JSON.stringify({ auth: token, action: 'attach', event, rid: 1 }));
        });
        socket.on('message', (data) => {
          const { status } = JSON.parse(String(data)) as { status?: number };
          if (status === 200) resolve();
          else if (status !== undefined) reject(new Error(String(data)));
        });
      });
    } finally {
      socket.terminate();
    }
  }

  async #listen(): Promise<void> {
    const { port, token } = this.#parts;
    const path = '/events?type=downloadFile&id=mine';
    const client = new SseClient(port, path, {
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
    });
    try {
      const { status, body } = await client.answered;
      if (status !== 200) throw new Error(`${status} ${body}`);
    } finally {
      client.close();
    }
  }
}

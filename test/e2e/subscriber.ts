/** A client of events v1 on a real WebSocket: asks, and keeps the bytes of every reply and push. */
import { WebSocket } from 'ws';
import type { JobEventData } from '../../src/protocol/events.ts';
import type { Site } from './daemon.ts';
import { until } from './daemon.ts';

export class Subscriber {
  readonly replies: string[] = [];
  /** As they came: the bytes of v1 are fixed. */
  readonly pushes: string[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #token: string;

  private constructor(socket: WebSocket, token: string) {
    this.#socket = socket;
    this.#token = token;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('message', (data) => {
      const text = String(data);
      if ('status' in JSON.parse(text)) this.replies.push(text);
      else this.pushes.push(text);
    });
  }

  /** @param token of the user; one is issued with the site's development key when it is omitted */
  static async connect(site: Site, user: string, token?: string): Promise<Subscriber> {
    const { gateway } = await site.api.status();
    if (gateway === null) throw new Error('no gateway serves events');
    const issued = token ?? (await site.json('token', 'issue', '--user', user)).token;
    return Subscriber.at(gateway.port, issued);
  }

  static async at(port: number, token: string): Promise<Subscriber> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return new Subscriber(socket, token);
  }

  /** @returns the reply's bytes */
  async ask(action: 'attach' | 'detach', type: string, id: string): Promise<string> {
    return this.say(JSON.stringify({ auth: this.#token, action, event: { type, id } }));
  }

  async say(text: string): Promise<string> {
    const count = this.replies.length;
    this.#socket.send(text);
    await until(() => this.replies.length > count, `a reply to ${text.slice(0, 80)}`);
    return this.replies[count] ?? '';
  }

  async until(holds: () => boolean): Promise<void> {
    await until(
      holds,
      `pushes; there are ${this.pushes.length}: ${this.pushes.slice(-3).join(' ')}`,
    );
  }

  jobStates(id: string): readonly string[] {
    const events = this.pushes.map(
      (text) => JSON.parse(text) as { type: string; id: string; data: [JobEventData] },
    );
    return events
      .filter((event) => event.type === 'job' && event.id === id)
      .filter(({ data: [{ progress }] }) => progress === undefined)
      .map(({ data: [{ state }] }) => state);
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.close(1000);
    await this.closed;
  }
}

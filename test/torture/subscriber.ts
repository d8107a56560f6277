/**
 * A front end on events v1 that connects again whenever its connection ends. Version 1 has no cursor:
 * what happens while it is away is lost to it, but it must always be able to come back.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

const RECONNECT_MS = 100;
const OPEN_WITHIN_MS = 5_000;

export interface Topic {
  readonly type: string;
  readonly id: string;
}

export class Subscriber {
  readonly #url: string;
  readonly #token: string;
  readonly #topic: Topic;
  readonly #waiting = new Set<() => void>();
  #socket: WebSocket | undefined;
  #stopped = false;
  attached = false;
  /** How often it was attached. */
  attachments = 0;
  pushes = 0;
  readonly troubles: string[] = [];

  constructor(url: string, token: string, topic: Topic) {
    this.#url = url;
    this.#token = token;
    this.#topic = topic;
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      await this.#attend();
      this.attached = false;
      if (!this.#stopped) await delay(RECONNECT_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  /** False when it does not come true in time. */
  async until(holds: (self: this) => boolean, withinMs: number): Promise<boolean> {
    if (holds(this)) return true;
    return await new Promise((resolve) => {
      const look = (): void => {
        if (holds(this)) finish(true);
      };
      const finish = (value: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(value);
      };
      const timer = setTimeout(() => finish(false), withinMs);
      this.#waiting.add(look);
    });
  }

  /** One connection, to its end. */
  #attend(): Promise<void> {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#url, { handshakeTimeout: OPEN_WITHIN_MS });
      this.#socket = socket;
      socket.on('open', () =>
        socket.send(JSON.stringify({ auth: this.#token, action: 'attach', event: this.#topic })),
      );
      socket.on('message', (data) => this.#receive(String(data)));
      // `close` follows every error.
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as { readonly status?: number; readonly code?: number };
    if (message.status === undefined) this.pushes += 1;
    else if (message.code === 0) {
      this.attached = true;
      this.attachments += 1;
    } else this.troubles.push(`the subscriber was refused: ${text}`);
    for (const look of [...this.#waiting]) look();
  }
}

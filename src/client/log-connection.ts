/**
 * One WebSocket connection to the core's log: frames in and out, pings, one close for every end.
 *
 * Does not know positions and never reconnects: that is the follower's part.
 */
import { WebSocket } from 'ws';
import type { Deadline } from '../process/service.ts';
import type {
  FollowReply,
  FollowRequest,
  LogEvent,
  PublishedEvent,
  ReattachRequest,
  SyncMessage,
  VolatileEvent,
} from '../protocol/events.ts';
import { type ControlAddress, daemonUnreachable, upgradeTarget } from './control-address.ts';
import { readEvent } from './received-event.ts';

export interface LogConnectionHandlers {
  /** How often the other end of a TCP connection is asked whether it is there; 20 s when omitted. */
  readonly pingEveryMs?: number | undefined;
  /** Events are parsed when their data is asked for, where that can be. */
  readonly asReceived: boolean;
  onOpen(): void;
  onReply(reply: FollowReply): void;
  onEvent(event: LogEvent): void;
  /** It is in no log: nothing is known of it but that it happened now. */
  onVolatile(event: VolatileEvent): void;
  /** Everything up to `seq` that is followed has come. */
  onSync(seq: string): void;
  /** What belongs to neither the log nor a reply. */
  onOther(message: { readonly action: string }): void;
  /** The upgrade was answered with this HTTP status; `onClose` follows. */
  onRefused(status: number): void;
  /** Once, whatever ended it. */
  onClose(error: Error): void;
}

// TCP only: a unix socket cannot be half open.
const PING_EVERY_MS = 20_000;

export class LogConnection {
  readonly #address: ControlAddress;
  readonly #handlers: LogConnectionHandlers;
  readonly #socket: WebSocket;
  #ping: NodeJS.Timeout | undefined;
  #paused: boolean;
  #error: Error | undefined;

  /** @param path with the query that says who follows */
  constructor(
    address: ControlAddress,
    path: string,
    paused: boolean,
    handlers: LogConnectionHandlers,
  ) {
    this.#address = address;
    this.#handlers = handlers;
    this.#paused = paused;
    const target = upgradeTarget(address, path);
    this.#socket = new WebSocket(target.url, target.options);
    this.#listen();
  }

  send(request: FollowRequest | ReattachRequest): void {
    this.tell(request);
  }

  /** What is no request to follow. */
  tell(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  pause(): void {
    this.#paused = true;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.resume();
  }

  /** The peer does not keep the protocol: `onClose` follows, and no event any more. */
  breakOff(why: string): void {
    this.#error ??= new Error(why);
    this.#socket.terminate();
  }

  /** Resolves when the socket is closed, or at the deadline. */
  async close(deadline: Deadline): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadline.remainingMs());
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.terminate();
    });
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('open', () => this.#open());
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      this.#handlers.onRefused(status);
      this.breakOff(`the upgrade was answered with ${status}`);
    });
    socket.on('error', (error) => {
      this.#error ??= daemonUnreachable(this.#address, error);
    });
    socket.on('close', (code) => {
      clearInterval(this.#ping);
      this.#handlers.onClose(this.#error ?? new Error(`the connection was closed with ${code}`));
    });
  }

  #open(): void {
    this.#handlers.onOpen();
    if (this.#paused) this.#socket.pause();
    if (!('socketPath' in this.#address)) this.#watch();
  }

  /** A peer that is gone without a word is found by a ping that nothing answers. */
  #watch(): void {
    let heard = true;
    this.#socket.on('pong', () => {
      heard = true;
    });
    this.#ping = setInterval(() => {
      // While paused nothing is read, so silence proves nothing.
      if (!heard && !this.#paused) this.breakOff('the daemon does not answer pings');
      if (this.#socket.readyState !== WebSocket.OPEN) return;
      heard = false;
      this.#socket.ping();
    }, this.#handlers.pingEveryMs ?? PING_EVERY_MS).unref();
  }

  #receive(text: string): void {
    // What still drips from a connection that was broken off comes again after the resume.
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const event = this.#handlers.asReceived ? readEvent(text) : undefined;
    if (event === undefined) this.#understand(text);
    else this.#hear(event);
  }

  #hear(event: PublishedEvent): void {
    if (event.seq === undefined) this.#handlers.onVolatile(event);
    else this.#handlers.onEvent(event);
  }

  #understand(text: string): void {
    const message = parseMessage(text);
    if (message === undefined) this.breakOff(`unreadable message ${text.slice(0, 80)}`);
    else if ('status' in message) this.#handlers.onReply(message);
    else if ('action' in message) {
      if (message.action === 'sync') this.#handlers.onSync(message.seq);
      else this.#handlers.onOther(message);
    } else this.#hear(message);
  }
}

type Message = FollowReply | SyncMessage | PublishedEvent;

function parseMessage(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null;
    return isObject ? (value as Message) : undefined;
  } catch {
    // Not a message of this protocol: the caller drops the connection and resumes.
    return undefined;
  }
}

/**
 * One connection to the receiving service, over socket.io-client.
 *
 *   connecting ──connect──▶ connected ──disconnect, close──▶ closed
 *        └──connect_error, disconnect, timeout, abort──▶ closed
 *
 * Never reconnects, never buffers and never retries: a new connection is a new object. Decides
 * nothing about reports.
 */
import { Manager, type Socket } from 'socket.io-client';
import { describeConnectError } from './connect-error.ts';
import type { ReceiverAddress } from './receiver-address.ts';
import { ReceiverSockets } from './receiver-sockets.ts';
import type { TaskArguments } from './task-message.ts';

export interface ConnectionOptions {
  readonly address: ReceiverAddress;
  /** Of the handshake. */
  readonly path: string;
  readonly event: string;
  readonly auth: Readonly<Record<string, string>>;
  /** For the whole attempt, up to the receiver's answer to the namespace. */
  readonly timeoutMs: number;
  /** An error while connected; the connection may live on. */
  readonly onError: (reason: string) => void;
}

export interface AckRequest {
  /** May be called late, and never. */
  readonly acknowledged: () => void;
  /** How long a late acknowledgement is still listened for. */
  readonly memoryMs: number;
}

/** Resolves when connected; rejects with the reason, and then nothing of the attempt is left open. */
export async function openConnection(
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<ReceiverConnection> {
  const connection = new ReceiverConnection(options);
  try {
    await connection.connect(signal);
    return connection;
  } catch (error) {
    await connection.close(0);
    throw error;
  }
}

export class ReceiverConnection {
  readonly #options: ConnectionOptions;
  readonly #sockets: ReceiverSockets;
  readonly #manager: Manager;
  readonly #socket: Socket;
  readonly #closed = new AbortController();
  #reason = '';
  #pings = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#sockets = new ReceiverSockets(options.address.secure);
    this.#manager = new Manager(options.address.origin, {
      path: options.path,
      query: { ...options.address.query },
      reconnection: false,
      autoConnect: false,
      // The WebSocket first: no sticky sessions needed, and one connection instead of an upgrade.
      // Where the server or a proxy refuses it, long polling.
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      // Typed for browsers; on Node the option is an http.Agent.
      agent: this.#sockets.agent as unknown as string,
    });
    // Its own timeout ends before the namespace is answered; `connect` has one for all of it.
    this.#manager.timeout(false);
    this.#socket = this.#manager.socket(options.address.namespace, { auth: { ...options.auth } });
  }

  /** Aborted when the connection is over. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Why it is over; empty while it is not. */
  get reason(): string {
    return this.#reason;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#answer(signal);
    this.#socket.once('disconnect', (reason) => this.#end(reason));
    this.#socket.on('error', () => this.#options.onError('the receiver sent an error event'));
    this.#manager.on('error', (error) => this.#options.onError(describeConnectError(error)));
    // Between the answer and this line lies a turn in which it may have gone already.
    if (!this.#socket.connected) this.#end('transport close');
  }

  /** Emits one report now. */
  emit(args: TaskArguments, ack?: AckRequest): void {
    const { event } = this.#options;
    if (ack === undefined) {
      this.#socket.emit(event, ...args);
    } else {
      // Whatever the receiver acknowledges with, even an error-like value, is an acknowledgement;
      // `error` is socket.io's own: time over, or disconnected.
      this.#socket.timeout(ack.memoryMs).emit(event, ...args, (error: Error | null) => {
        if (error === null) ack.acknowledged();
      });
    }
    // socket.io buffers when the ping has expired but the disconnection is not known yet, and
    // then keeps the acknowledgement's timer too. The log is the buffer.
    this.#socket.sendBuffer.length = 0;
  }

  /**
   * Resolves true when the receiver's transport has everything emitted so far: for a WebSocket, a
   * pong came back (RFC 6455 answers in order); for polling, the request was answered. False when
   * the connection ended; no answer within the time ends it.
   */
  taken(withinMs: number): Promise<boolean> {
    if (this.closed.aborted) return Promise.resolve(false);
    const engine = this.#manager.engine;
    const name = String(++this.#pings);
    return new Promise((resolve) => {
      const websocket = pingable(engine);
      const onPong = (data: Buffer) => {
        if (data.toString() === name) finish(true);
      };
      const onDrain = () => {
        if (websocket === null) return finish(true);
        websocket.on('pong', onPong);
        websocket.ping(name);
      };
      const onClosed = () => finish(false);
      const timer = setTimeout(() => this.#end('no answer to a ping'), withinMs);
      const finish = (taken: boolean) => {
        clearTimeout(timer);
        engine.off('drain', onDrain);
        websocket?.off('pong', onPong);
        this.closed.removeEventListener('abort', onClosed);
        resolve(taken);
      };
      this.closed.addEventListener('abort', onClosed);
      if (engine.writeBuffer.length === 0) onDrain();
      else engine.once('drain', onDrain);
    });
  }

  /** Says goodbye, waits so long for it, and ends what is left. */
  async close(graceMs: number): Promise<void> {
    this.#end('io client disconnect');
    this.#socket.disconnect();
    await this.#sockets.close(graceMs);
  }

  #answer(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const { timeoutMs } = this.#options;
      const fail = (reason: string) => finish(new Error(reason));
      const onAbort = () => fail('stopped');
      const onConnect = () => finish(null);
      const onError = (error: Error) => fail(describeConnectError(error));
      const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
      const finish = (error: Error | null) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#socket
          .off('connect', onConnect)
          .off('connect_error', onError)
          .off('disconnect', fail);
        if (error === null) resolve();
        else reject(error);
      };
      signal.addEventListener('abort', onAbort);
      this.#socket.on('connect', onConnect).on('connect_error', onError).on('disconnect', fail);
      this.#socket.connect();
    });
  }

  #end(reason: string): void {
    if (this.#closed.signal.aborted) return;
    this.#reason = reason;
    this.#closed.abort();
  }
}

/** The part of `ws` that `taken` needs. */
interface Pingable {
  ping(data: string): void;
  on(event: 'pong', listener: (data: Buffer) => void): void;
  off(event: 'pong', listener: (data: Buffer) => void): void;
}

/** engine.io-client keeps the WebSocket of its transport private; without one, the drain must do. */
function pingable(engine: Socket['io']['engine']): Pingable | null {
  const { ws } = engine.transport as { ws?: unknown };
  if (typeof ws !== 'object' || ws === null) return null;
  return 'ping' in ws && 'on' in ws && 'off' in ws ? (ws as Pingable) : null;
}

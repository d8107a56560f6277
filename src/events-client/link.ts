/**
 * One WebSocket, and whether anything is still heard on it.
 *
 *   opening ─▶ open ─silence▶ asked for a sign of life ─silence▶ given up        any ─▶ ended, once
 *
 * A browser shows no pings and notices a dead network late or never, so silence is what counts.
 */

/** What is used of a WebSocket: that of browsers, of Node >= 22, and of the package `ws` have it. */
interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** A class like the WebSocket of browsers. */
export type WebSocketClass = new (url: string, protocols: string[]) => object;

export interface LinkOptions {
  readonly WebSocket: WebSocketClass;
  readonly url: string;
  /** After so much silence a sign of life is asked for, and after as much again the link is given up. */
  readonly silenceMs: number;
  onOpen(): void;
  onMessage(message: object): void;
  onSilence(): void;
  /** Called once, unless `close` was. */
  onEnd(code: number, reason: string): void;
}

const NO_CLOSE = 1006;
const SUBPROTOCOL = 'taskbell.events.v2';

export class Link {
  readonly #options: LinkOptions;
  readonly #socket: Socket;
  readonly #timer: ReturnType<typeof setInterval>;
  #heardAtMono = performance.now();
  #hasAsked = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    const socket = new options.WebSocket(options.url, [SUBPROTOCOL]) as Socket;
    this.#socket = socket;
    this.#timer = setInterval(() => this.#look(), options.silenceMs / 4);
    socket.onopen = () => {
      this.#heard();
      options.onOpen();
    };
    socket.onmessage = ({ data }) => this.#onMessage(data);
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
    // A close follows, and has all that a browser tells.
    socket.onerror = () => undefined;
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Ends it without a word to who made it. */
  close(): void {
    clearInterval(this.#timer);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  #heard(): void {
    this.#heardAtMono = performance.now();
    this.#hasAsked = false;
  }

  #onMessage(data: unknown): void {
    this.#heard();
    let message: unknown;
    try {
      message = JSON.parse(String(data));
    } catch {
      this.#end(NO_CLOSE, 'a message is not JSON');
      return;
    }
    if (typeof message === 'object' && message !== null) this.#options.onMessage(message);
  }

  #look(): void {
    const silentMs = performance.now() - this.#heardAtMono;
    const { silenceMs } = this.#options;
    if (silentMs >= 2 * silenceMs) this.#end(NO_CLOSE, 'nothing was heard');
    else if (silentMs >= silenceMs && !this.#hasAsked) {
      this.#hasAsked = true;
      this.#options.onSilence();
    }
  }

  #end(code: number, reason: string): void {
    this.close();
    this.#options.onEnd(code, reason);
  }
}

/**
 * Keyed requests by the cheapest way that is open: a WebSocket, which costs a fraction of an exchange over
 * HTTP, and HTTP wherever that is not there.
 *
 * The first request goes over HTTP, so that a program with one thing to say opens one connection; the second
 * opens the WebSocket in the background. A request whose answer is lost, or that the daemon cannot take just
 * now, is asked again over HTTP under its key: with the patience, the time limits and the errors of that, so
 * that no caller sees which way it went.
 */
import type { ControlAddress } from './control-address.ts';
import { errorOf } from './control-answer.ts';
import { ANSWER_TIMEOUT_MS, type ControlHttp, noAnswer } from './control-http.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import { type KeyedCall, RequestSocket } from './request-socket.ts';

/** A larger one has no gain, and would keep others waiting behind it. */
const MAX_FRAME_CHARS = 8 * 1_048_576;
/** TCP only: what lies between may have forgotten a connection that was silent for long. */
const MAX_SILENCE_MS = 30_000;

export class RequestChannel {
  readonly #address: ControlAddress;
  readonly #http: ControlHttp;
  readonly #timeoutMs: number;
  #socket: RequestSocket | undefined;
  #hasCalled = false;
  /** The daemon has no such stream (it is older), or nobody may open one. */
  #isRefused = false;
  #isClosed = false;
  /** Connections that ended without an answer since the last one. */
  #failures = 0;
  #openAtMono = 0;

  /** @param timeoutMs how long an answer may take; as over HTTP when omitted */
  constructor(address: ControlAddress, http: ControlHttp, timeoutMs = ANSWER_TIMEOUT_MS) {
    this.#address = address;
    this.#http = http;
    this.#timeoutMs = timeoutMs;
  }

  /** The parsed body. */
  async call(call: KeyedCall): Promise<unknown> {
    const socket = this.#socketFor(call);
    if (socket === undefined) return this.#http.call(call);
    const asked = await socket.ask(call);
    if (asked.kind === 'lost') return this.#http.callAgain(call, asked.cause);
    if (asked.kind === 'late') throw noAnswer(this.#address, call, this.#timeoutMs);
    this.#failures = 0;
    const { status, body } = asked;
    if (status >= 200 && status < 300) return body;
    const error = errorOf(status, body);
    if (error.code === 'E_UNAVAILABLE') return this.#http.call(call);
    throw error;
  }

  /** What is asked is still answered; the connection ends after it. */
  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
  }

  #socketFor({ body }: KeyedCall): RequestSocket | undefined {
    const isFirst = !this.#hasCalled;
    this.#hasCalled = true;
    if (isFirst || this.#isRefused || this.#isClosed || body.length > MAX_FRAME_CHARS) return;
    const isStale = 'url' in this.#address && (this.#socket?.idleMs() ?? 0) > MAX_SILENCE_MS;
    if (isStale) this.#socket?.close();
    if (this.#socket === undefined && performance.now() >= this.#openAtMono) this.#open();
    return this.#socket?.isOpen === true ? this.#socket : undefined;
  }

  #open(): void {
    this.#socket = new RequestSocket(this.#address, this.#timeoutMs, {
      onOpen: () => this.#http.noteAnswer(),
      onEnd: (refusal) => this.#ended(refusal),
    });
  }

  #ended(refusal: number | undefined): void {
    this.#socket = undefined;
    // A 5xx is a proxy's word for a daemon that is away; anything else stays as it is.
    if (refusal !== undefined && refusal < 500) this.#isRefused = true;
    this.#failures += 1;
    this.#openAtMono = performance.now() + reconnectDelayMs(this.#failures, Math.random());
  }
}

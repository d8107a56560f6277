/**
 * One WebSocket to `/v1/requests`: frames out, answers in, each matched to its request by its number.
 *
 *   opening ──▶ open ──▶ ended        opening ──▶ ended (refused, or nobody there)
 *
 * Never asks again: a request whose answer the connection took with it is `lost`, and what then is to be
 * done is the caller's part. Keeps the program alive only while an answer is awaited.
 */
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { type AnswerFrame, REQUESTS_PATH } from '../protocol/requests.ts';
import { type ControlAddress, upgradeTarget } from './control-address.ts';

export interface KeyedCall {
  readonly method: 'POST';
  readonly path: string;
  /** JSON text. */
  readonly body: string;
  readonly idempotencyKey: string;
}

export interface RequestSocketHandlers {
  onOpen(): void;
  /** Once, whatever ended it. @param refusal the HTTP status, where the upgrade was answered with one */
  onEnd(refusal: number | undefined): void;
}

/** `late`: no answer within the time limit; `lost`: the connection ended before it. */
export type Asked =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'late' }
  | { readonly kind: 'lost'; readonly cause: Error };

interface Waiting {
  readonly sentMono: number;
  readonly resolve: (asked: Asked) => void;
}

export class RequestSocket {
  readonly #socket: WebSocket;
  readonly #handlers: RequestSocketHandlers;
  readonly #timeoutMs: number;
  /** Below the WebSocket; there when it is open. */
  #transport: Socket | undefined;
  /** Oldest first. */
  readonly #waiting = new Map<number, Waiting>();
  #lastRid = 0;
  #heardMono = performance.now();
  /** One for all: armed for the oldest, and left alone when that is answered in time. */
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  #refusal: number | undefined;
  #error: Error | undefined;

  /** @param timeoutMs how long an answer may take */
  constructor(address: ControlAddress, timeoutMs: number, handlers: RequestSocketHandlers) {
    this.#timeoutMs = timeoutMs;
    this.#handlers = handlers;
    const { url, options } = upgradeTarget(address, REQUESTS_PATH);
    this.#socket = new WebSocket(url, { ...options, finishRequest: finishInBackground });
    this.#listen();
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN && !this.#closing;
  }

  /** For how long nothing was awaited and nothing was heard. */
  idleMs(): number {
    return this.#waiting.size > 0 ? 0 : performance.now() - this.#heardMono;
  }

  /** Only while it is open. */
  ask({ method, path, body, idempotencyKey }: KeyedCall): Promise<Asked> {
    this.#lastRid += 1;
    const rid = this.#lastRid;
    const head = JSON.stringify({ rid, method, path, idempotencyKey });
    if (this.#waiting.size === 0) this.#transport?.ref();
    return new Promise((resolve) => {
      this.#waiting.set(rid, { sentMono: performance.now(), resolve });
      this.#timer ??= setTimeout(() => this.#expire(), this.#timeoutMs).unref();
      // The body is JSON already: parsed and written once more, it would cost more than all the rest.
      this.#socket.send(`${head.slice(0, -1)},"body":${body}}`);
    });
  }

  /** Ends it as soon as nothing is awaited; takes no more. */
  close(): void {
    this.#closing = true;
    if (this.#waiting.size === 0) this.#socket.terminate();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('upgrade', ({ socket: transport }) => {
      this.#transport = transport;
    });
    socket.on('open', () => this.#handlers.onOpen());
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('unexpected-response', (_request, response) => {
      this.#refusal = response.statusCode;
      response.resume();
      socket.terminate();
    });
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', (code) => this.#ended(code));
  }

  #receive(text: string): void {
    this.#heardMono = performance.now();
    const answer = parseAnswer(text);
    if (answer === undefined) {
      this.#error ??= new Error(`unreadable answer ${text.slice(0, 80)}`);
      this.#socket.terminate();
      return;
    }
    const { rid, status, body } = answer;
    const waiting = this.#waiting.get(rid);
    // Nobody waits any more for what came late.
    if (waiting === undefined) return;
    this.#forget(rid);
    waiting.resolve({ kind: 'answered', status, body });
  }

  #forget(rid: number): void {
    this.#waiting.delete(rid);
    if (this.#waiting.size > 0) return;
    this.#transport?.unref();
    if (this.#closing) this.#socket.terminate();
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMono = performance.now();
    for (const [rid, { sentMono, resolve }] of this.#waiting) {
      const leftMs = sentMono + this.#timeoutMs - nowMono;
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#expire(), leftMs).unref();
        break;
      }
      this.#forget(rid);
      resolve({ kind: 'late' });
      // Not a word since then: the other end may be gone, and what is still awaited is better asked elsewhere.
      if (this.#heardMono < sentMono) this.#socket.terminate();
    }
  }

  #ended(code: number): void {
    clearTimeout(this.#timer);
    this.#handlers.onEnd(this.#refusal);
    const cause = this.#error ?? new Error(`the connection was closed with ${code}`);
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { resolve } of lost) resolve({ kind: 'lost', cause });
  }
}

/** Opened ahead of need: a program with nothing else to do need not wait for it. */
function finishInBackground(request: ClientRequest): void {
  request.on('socket', (socket) => socket.unref());
  request.end();
}

function parseAnswer(text: string): AnswerFrame | undefined {
  try {
    const value = JSON.parse(text) as Partial<AnswerFrame> | null;
    const isAnswer = typeof value?.rid === 'number' && typeof value.status === 'number';
    return isAnswer ? (value as AnswerFrame) : undefined;
  } catch {
    // Not of this protocol: the caller drops the connection and asks elsewhere.
    return undefined;
  }
}

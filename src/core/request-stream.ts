/**
 * Requests of one program over one WebSocket, `/v1/requests`: text frames in, answers out in the order in
 * which they are ready. Routes, checks and problems are those of HTTP; only what a request costs differs.
 *
 *   open ── quiet ──▶ refusing ── last answer is out ──▶ closed (1012)
 *
 * What it holds is bounded: above that it stops reading, and the sender's own buffers fill.
 */
import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type ApiAnswer, MAX_BODY_BYTES, tooLarge } from '../api/route.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { RequestFrame } from '../protocol/requests.ts';
import { frameTexts, takesFrames } from '../wire/frame.ts';
import type { RequestRouter } from './request-router.ts';

/** Requests whose answers are not yet with the kernel; what one read brings more of is taken all the same. */
const MAX_HELD_REQUESTS = 256;
const MAX_HELD_BYTES = MAX_BODY_BYTES;

export interface RequestStreamWorld {
  readonly router: RequestRouter;
  /** The answers of one turn go out as frames of our own, in one write; otherwise by the library, one by one. */
  readonly ownFrames: boolean;
}

export class RequestStream {
  readonly #socket: WebSocket;
  readonly #transport: Duplex;
  readonly #world: RequestStreamWorld;
  /** One for all: whoever goes away leaves all of its requests. */
  readonly #gone = new AbortController();
  #held = { requests: 0, bytes: 0 };
  #answers: string[] = [];
  #answeredBytes = 0;
  #isQuiet = false;

  /** @param transport the connection below the WebSocket */
  constructor(socket: WebSocket, transport: Duplex, world: RequestStreamWorld) {
    this.#socket = socket;
    this.#transport = transport;
    this.#world = world;
    // As many as requests wait for something: no leak.
    setMaxListeners(0, this.#gone.signal);
    socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    // The close that follows an error ends the requests; whoever asked comes back by itself.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#gone.abort());
  }

  /** Takes no more, lets what it has taken end, and closes. */
  quiet(): void {
    this.#isQuiet = true;
    this.#gone.abort();
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#isQuiet && this.#held.requests === 0) this.#socket.close(1012);
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const frame = isBinary ? undefined : parseFrame(data.toString());
    if (frame === undefined) {
      this.#socket.close(1007, 'expected {"rid","method","path","idempotencyKey"?,"body"?}');
      return;
    }
    this.#hold(1, data.length);
    if (this.#isFull()) this.#socket.pause();
    void this.#answer(frame, data.length);
  }

  /** Never rejects: every outcome is an answer. */
  async #answer(frame: RequestFrame, bytes: number): Promise<void> {
    const { rid } = frame;
    let text: string;
    try {
      const { status, body } = await this.#handle(frame, bytes);
      text = JSON.stringify({ rid, status, body });
    } catch (error) {
      const problem = this.#world.router.problemOf(error);
      text = JSON.stringify({ rid, status: problem.status, body: problem });
    }
    // After all promises of this turn: a commit answers many at once, and they go out together.
    if (this.#answers.length === 0) process.nextTick(() => this.#flush());
    this.#answers.push(text);
    this.#answeredBytes += bytes;
  }

  #handle(frame: RequestFrame, bytes: number): Promise<ApiAnswer> {
    if (this.#isQuiet) throw stopping();
    if (bytes > MAX_BODY_BYTES && bodyBytesOf(frame, bytes) > MAX_BODY_BYTES) throw tooLarge();
    const { method, path, idempotencyKey, body } = frame;
    return this.#world.router.answer({
      ...{ method, target: path, idempotencyKey: idempotencyKey || undefined },
      json: async () => (body === undefined ? refuseNoBody() : body),
      signal: () => this.#gone.signal,
    });
  }

  #flush(): void {
    const texts = this.#answers;
    const bytes = this.#answeredBytes;
    this.#answers = [];
    this.#answeredBytes = 0;
    this.#write(texts, () => {
      this.#hold(-texts.length, -bytes);
      if (this.#socket.isPaused && !this.#isFull()) this.#socket.resume();
      this.#closeIfDone();
    });
  }

  /** @param onTaken called when the kernel has them, or there is nobody who could */
  #write(texts: readonly string[], onTaken: () => void): void {
    const socket = this.#socket;
    const transport = this.#transport;
    if (this.#world.ownFrames && takesFrames({ socket, transport })) {
      transport.write(frameTexts(texts), onTaken);
      return;
    }
    const last = texts.length - 1;
    transport.cork();
    for (const [n, text] of texts.entries()) socket.send(text, n === last ? onTaken : undefined);
    transport.uncork();
  }

  #hold(requests: number, bytes: number): void {
    const held = this.#held;
    this.#held = { requests: held.requests + requests, bytes: held.bytes + bytes };
  }

  #isFull(): boolean {
    const { requests, bytes } = this.#held;
    return requests >= MAX_HELD_REQUESTS || bytes >= MAX_HELD_BYTES;
  }
}

function parseFrame(text: string): RequestFrame | undefined {
  try {
    const value = JSON.parse(text) as Partial<RequestFrame> | null;
    return isFrame(value) ? value : undefined;
  } catch {
    // Not JSON: the sender is told by the close code, as of any other frame that is none.
    return undefined;
  }
}

function isFrame(value: Partial<RequestFrame> | null): value is RequestFrame {
  if (typeof value !== 'object' || value === null) return false;
  const { rid, method, path, idempotencyKey } = value;
  return (
    Number.isSafeInteger(rid) &&
    typeof method === 'string' &&
    typeof path === 'string' &&
    (idempotencyKey === undefined || typeof idempotencyKey === 'string')
  );
}

/** The bound is the body's, as over HTTP: what stands around it does not count. */
function bodyBytesOf(frame: RequestFrame, bytes: number): number {
  return bytes - Buffer.byteLength(JSON.stringify({ ...frame, body: 0 })) + 1;
}

function refuseNoBody(): never {
  throw new TaskbellError('E_INVALID_JSON', 'The request has no body.', {
    hint: 'Send one JSON document in UTF-8.',
  });
}

function stopping(): TaskbellError {
  return new TaskbellError('E_UNAVAILABLE', 'The daemon is stopping.', {
    hint: 'Try again in a moment.',
  });
}

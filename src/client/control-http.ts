/**
 * HTTP requests to the control server: JSON in, JSON or a TaskbellError out.
 *
 * Tries again only what was certainly not taken (connection refused, "not ready yet") or may be asked
 * twice (GET, or an idempotency key). Knows no routes and no shapes.
 */
import { existsSync } from 'node:fs';
import {
  Agent,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps, Agent as SecureAgent } from 'node:https';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TaskbellError } from '../protocol/errors.ts';
import {
  type ControlAddress,
  daemonUnreachable,
  describeAddress,
  tcpUrl,
} from './control-address.ts';
import { errorOfText } from './control-answer.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With the query; already escaped. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** Lets the request be repeated when its answer was lost: the daemon does it once. */
  readonly idempotencyKey?: string;
  /** How long to wait for the answer; 60 s when omitted. */
  readonly timeoutMs?: number;
}

interface Headers {
  accept: string;
  authorization?: string;
  'content-type'?: string;
  'content-length'?: number;
  [name: string]: string | number | undefined;
}

export const ANSWER_TIMEOUT_MS = 60_000;
/** A standby looks four times a second whether it may take over, and then wakes. */
const TAKEOVER_MS = 1_000;

export class ControlHttp {
  readonly #address: ControlAddress;
  readonly #patienceMs: number;
  readonly #agent: Agent;
  #hasAnswered = false;

  /** @param patienceMs how long a daemon that restarts is waited for */
  constructor(address: ControlAddress, patienceMs: number) {
    this.#address = address;
    this.#patienceMs = patienceMs;
    this.#agent = agentFor(address);
  }

  /** True once the daemon answered anything: from then on its absence is a restart. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** It answered on another connection of the same client. */
  noteAnswer(): void {
    this.#hasAnswered = true;
  }

  /** The parsed body; undefined for an answer without one. */
  call(call: Call): Promise<unknown> {
    return this.#callUntil(call, undefined);
  }

  /** As `call`, of what was asked on another connection that was lost: it may have been done. */
  callAgain(call: Call, cause: Error): Promise<unknown> {
    return this.#callUntil(call, lostAnswer(call, cause));
  }

  async #callUntil(call: Call, lostBefore: TaskbellError | undefined): Promise<unknown> {
    const startedMono = performance.now();
    let lost: unknown = lostBefore;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#send(call);
      } catch (error) {
        if (call.signal?.aborted) throw call.signal.reason;
        const waitedMs = performance.now() - startedMono;
        const again = waitedMs < this.#patienceMs && this.#mayAskAgain(call, error, waitedMs);
        // Once an answer was lost, that the daemon is away now is not the whole truth.
        if (!again) throw isAway(error) ? (lost ?? error) : error;
        if (isAway(error) && !isHarmless(call, codeOf(error.cause))) lost ??= error;
      }
      await pause(reconnectDelayMs(failures, Math.random()), call.signal);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #mayAskAgain(call: Call, error: unknown, waitedMs: number): boolean {
    if (!(error instanceof TaskbellError)) return false;
    if (error.code === 'E_UNAVAILABLE') return true;
    if (error.code !== 'E_DAEMON_UNREACHABLE') return false;
    const code = codeOf(error.cause);
    if (isNotTaken(code)) return true;
    if (code === 'ENOENT') return this.#hasAnswered || this.#mayBeTakenOver(waitedMs);
    return mayRepeat(call);
  }

  /** Between two owners of a data directory there is no socket for a moment; before the first, no directory. */
  #mayBeTakenOver(waitedMs: number): boolean {
    const address = this.#address;
    if (!('socketPath' in address) || waitedMs >= TAKEOVER_MS) return false;
    return existsSync(path.dirname(address.socketPath));
  }

  async #send(call: Call): Promise<unknown> {
    const response = await this.#exchange(call);
    const text = await this.#readBody(call, response);
    this.#hasAnswered = true;
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return text === '' ? undefined : parseAnswer(text);
    throw errorOfText(status, text);
  }

  #exchange(call: Call): Promise<IncomingMessage> {
    const headers: Headers = { accept: 'application/json' };
    if (call.body !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = Buffer.byteLength(call.body);
    }
    if (call.idempotencyKey !== undefined) headers['idempotency-key'] = call.idempotencyKey;
    const timeout = call.timeoutMs ?? ANSWER_TIMEOUT_MS;
    const options: RequestOptions = { method: call.method, agent: this.#agent, headers, timeout };
    if (call.signal !== undefined) options.signal = call.signal;
    return new Promise((resolve, reject) => {
      const request = this.#open(call, options, headers);
      request.on('response', resolve);
      request.on('timeout', () => request.destroy(noAnswer(this.#address, call, timeout)));
      request.on('error', (error) => reject(this.#transportError(call, error)));
      request.end(call.body);
    });
  }

  #open(call: Call, options: RequestOptions, headers: Headers) {
    const address = this.#address;
    if ('socketPath' in address) {
      return requestHttp({ ...options, socketPath: address.socketPath, path: call.path });
    }
    headers.authorization = `Bearer ${address.token}`;
    const url = tcpUrl(address.url, call.path);
    return url.startsWith('https:') ? requestHttps(url, options) : requestHttp(url, options);
  }

  async #readBody(call: Call, response: IncomingMessage): Promise<string> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    } catch (error) {
      throw this.#transportError(call, error);
    }
  }

  #transportError(call: Call, error: unknown): unknown {
    if (error instanceof TaskbellError || call.signal?.aborted) return error;
    const code = codeOf(error);
    if (code === 'EACCES' || code === 'EPERM') {
      return new TaskbellError(
        'E_UNAUTHORIZED',
        `No permission for ${describeAddress(this.#address)}.`,
        {
          hint: 'Run the command as the user who runs the daemon.',
          cause: error,
        },
      );
    }
    if (isHarmless(call, code) || !this.#hasAnswered)
      return daemonUnreachable(this.#address, error);
    return lostAnswer(call, error);
  }
}

function agentFor(address: ControlAddress): Agent {
  const isSecure = 'url' in address && address.url.startsWith('https:');
  if (!isSecure) return new Agent({ keepAlive: true });
  const { ca } = address;
  return new SecureAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
}

/** The daemon is there, and says nothing. */
export function noAnswer(
  address: ControlAddress,
  call: Pick<Call, 'method' | 'path'>,
  timeoutMs: number,
): TaskbellError {
  const where = describeAddress(address);
  return new TaskbellError(
    'E_TIMEOUT',
    `The daemon at ${where} did not answer ${call.method} ${call.path} within ${timeoutMs / 1000} s.`,
    { hint: 'Look at its log; `taskbell status` tells whether it answers at all.' },
  );
}

function lostAnswer({ method, path: asked }: Call, cause: unknown): TaskbellError {
  return new TaskbellError(
    'E_DAEMON_UNREACHABLE',
    `The connection was lost before the answer to ${method} ${asked}; it may have been done or not.`,
    { hint: 'Ask for the state, or repeat an add that has a unique key.', cause },
  );
}

/** Waits; throws the signal's reason when it aborts first. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Only an abort ends the delay early; its reason says more than the AbortError does.
    signal?.throwIfAborted();
  }
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(text, error);
  }
}

function notJson(text: string, cause: unknown): TaskbellError {
  return new TaskbellError('E_INTERNAL', `The daemon answered without JSON: ${text.slice(0, 80)}`, {
    hint: 'Is it really Taskbell that listens there?',
    cause,
  });
}

function isAway(error: unknown): error is TaskbellError {
  return error instanceof TaskbellError && error.code === 'E_DAEMON_UNREACHABLE';
}

/** The request cannot have changed anything. */
function isHarmless({ method }: Call, code: string | undefined): boolean {
  return code === 'ENOENT' || isNotTaken(code) || method === 'GET';
}

function mayRepeat({ method, idempotencyKey }: Call): boolean {
  return method === 'GET' || idempotencyKey !== undefined;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

/**
 * The daemon cannot have the whole request. EPIPE: a write failed because the peer had closed before,
 * so an end of the request is missing; ECONNRESET is not in the list, since there it may have been read.
 */
function isNotTaken(code: string | undefined): boolean {
  return code === 'ECONNREFUSED' || code === 'EPIPE';
}

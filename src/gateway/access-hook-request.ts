/**
 * One question to the service that decides about access: signed, sent over a connection that is kept, a bounded
 * answer read.
 *
 * Follows no redirect and judges no answer.
 */
import { randomUUID } from 'node:crypto';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { signatureHeaders } from '../protocol/webhook-signature.ts';
import type { HookAnswer } from './access-hook-answer.ts';

const MAX_ANSWER_BYTES = 4_096;

export interface HookAddress {
  readonly url: URL;
  readonly secrets: readonly Buffer[];
  readonly agent: http.Agent;
}

export function hookAgent(url: URL, maxSockets: number): http.Agent {
  const options = { keepAlive: true, maxSockets };
  return url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
}

/** Rejects when no whole answer came. */
export async function postQuestion(
  address: HookAddress,
  body: string,
  signal: AbortSignal,
): Promise<HookAnswer> {
  try {
    return await send(address, body, signal);
  } catch (error) {
    // The service closed a connection that had been idle just when it was used: it never saw the question.
    if (!(error instanceof StaleConnection) || signal.aborted) throw error;
    return send(address, body, signal);
  }
}

class StaleConnection extends Error {}

function send({ url, secrets, agent }: HookAddress, body: string, signal: AbortSignal) {
  const timestamp = Math.floor(Date.now() / 1_000);
  const headers = {
    ...signatureHeaders({ id: `access_${randomUUID()}`, timestamp, body }, secrets),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    accept: 'application/json',
  };
  const scheme = url.protocol === 'https:' ? https : http;
  return new Promise<HookAnswer>((resolve, reject) => {
    const request = scheme.request(url, { method: 'POST', headers, agent, signal });
    request.once('response', (response) => readAnswer(response).then(resolve, reject));
    request.on('error', (error) => reject(isStale(request, error) ? stale(error) : error));
    request.end(body);
  });
}

function isStale(request: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function stale(cause: Error): StaleConnection {
  return new StaleConnection('the connection had been closed', { cause });
}

async function readAnswer(response: IncomingMessage): Promise<HookAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}

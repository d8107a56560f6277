/**
 * One request of a web hook: the host resolved, every address checked, the connection made to exactly
 * what was checked, a bounded answer read.
 *
 * It follows no redirect, keeps no connection, and judges no answer (see `webhook-answer.ts`).
 */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';
import { describeError } from './job-error.ts';
import { addressProblem, bareHost, isAllowedHost } from './webhook-address.ts';
import type { Answer } from './webhook-answer.ts';

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export const resolveHost: Resolve = (host) => lookup(host, { all: true });

export interface WebhookRequest {
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
  readonly allowPrivateHosts: readonly string[];
  readonly signal: AbortSignal;
}

export type Reply =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** Nothing was sent: the host is none that may be called. */
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'unreachable'; readonly problem: string }
  | { readonly kind: 'aborted' };

/** Bytes of an answer's body that are read when it is not the result. */
const MAX_ERROR_BODY_BYTES = 4 * 1024;

/** Never rejects. */
export async function postWebhook(request: WebhookRequest, resolve: Resolve): Promise<Reply> {
  const { url, signal, allowPrivateHosts } = request;
  try {
    const host = bareHost(url.hostname);
    const addresses = await abortable(addressesOf(host, resolve), signal);
    const problem = isAllowedHost(host, allowPrivateHosts) ? null : hostProblem(host, addresses);
    if (problem !== null) return { kind: 'refused', problem };
    return { kind: 'answered', answer: await send(request, addresses) };
  } catch (error) {
    if (signal.aborted) return { kind: 'aborted' };
    return { kind: 'unreachable', problem: describeError(error).message };
  }
}

async function addressesOf(host: string, resolve: Resolve): Promise<readonly LookupAddress[]> {
  const family = isIP(host);
  const addresses = family === 0 ? await resolve(host) : [{ address: host, family }];
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  return addresses;
}

/** One address that may not be called is enough: which one a connection takes is not ours to say. */
function hostProblem(host: string, addresses: readonly LookupAddress[]): string | null {
  for (const { address } of addresses) {
    const problem = addressProblem(address);
    if (problem === null) continue;
    const what = address === host ? host : `${host} has the address ${address}, which`;
    return `${what} is ${problem}`;
  }
  return null;
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function send(request: WebhookRequest, addresses: readonly LookupAddress[]): Promise<Answer> {
  const { url, headers, body, signal } = request;
  const scheme = url.protocol === 'https:' ? https : http;
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = scheme.request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // The name stays what TLS and the Host header are about; only where it leads is fixed.
      lookup: pinnedTo(addresses),
      agent: false,
      signal,
    });
    outgoing.once('response', (response) => readAnswer(response).then(resolve, reject));
    outgoing.on('error', reject);
    // After an answer this comes too late to matter.
    outgoing.once('close', () => reject(new Error('the connection closed without an answer')));
    outgoing.end(body);
  });
}

function pinnedTo(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses;
    if (all === true) done(null, [...addresses]);
    else done(null, first?.address ?? '', first?.family);
  };
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  const isSuccess = status >= 200 && status < 300;
  const maxBytes = isSuccess ? MAX_PAYLOAD_BYTES : MAX_ERROR_BODY_BYTES;
  const { body, truncated } = await readBody(response, maxBytes);
  return {
    status,
    contentType: headers['content-type'] ?? '',
    retryAfter: headers['retry-after'],
    location: headers.location,
    body,
    truncated,
  };
}

async function readBody(
  response: IncomingMessage,
  maxBytes: number,
): Promise<{ readonly body: Buffer; readonly truncated: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early destroys the response, and its connection with it.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  const body = Buffer.concat(chunks).subarray(0, maxBytes);
  return { body, truncated: bytes > maxBytes };
}

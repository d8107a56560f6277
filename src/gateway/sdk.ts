/**
 * Serves the client library for browsers at /sdk/taskbell.js, beside the WebSocket that it connects to.
 *
 * Public, for pages of any origin: it holds no secret, and what it may do is decided by its token.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { joinModules } from './sdk-text.ts';

const SDK_PATH = '/sdk/taskbell.js';

/** What the compiler wrote, whether this file runs from there or from its source. */
const COMPILED = path.resolve(import.meta.dirname, '../../dist/events-client');

interface Script {
  readonly plain: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
}

let script: Script | undefined;

/** @returns false for what is not about the library */
export function serveSdk(request: IncomingMessage, response: ServerResponse): boolean {
  const { method, url = '' } = request;
  if (url.split('?', 1)[0] !== SDK_PATH || (method !== 'GET' && method !== 'HEAD')) return false;
  script ??= loadScript();
  if (script === undefined) return false;
  const { plain, zipped, etag } = script;
  const isZipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const body = isZipped ? zipped : plain;
  const headers = headersOf(etag);
  if (request.headers['if-none-match']?.includes(etag)) response.writeHead(304, headers).end();
  else {
    const length = { 'content-length': body.length };
    const encoding = isZipped ? { 'content-encoding': 'gzip' } : {};
    response.writeHead(200, { ...headers, ...length, ...encoding });
    response.end(method === 'HEAD' ? undefined : body);
  }
  return true;
}

function headersOf(etag: string): OutgoingHttpHeaders {
  return {
    'content-type': 'text/javascript; charset=utf-8',
    // A page asks each time whether it is still this one: an upgrade of the daemon counts at once.
    'cache-control': 'public, no-cache',
    etag,
    vary: 'accept-encoding',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  };
}

/** Once for a process, at the first request. */
function loadScript(): Script | undefined {
  try {
    const read = (name: string): string => readFileSync(path.join(COMPILED, `${name}.js`), 'utf8');
    const plain = Buffer.from(joinModules(read, 'events'));
    const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
    return { plain, zipped: gzipSync(plain, { level: 9 }), etag: `"${hash}"` };
  } catch {
    // An installation without these files has no library to serve, and the request is answered as any other: 404.
    return undefined;
  }
}

/**
 * What a route of the control API is: a method, a path with `:names`, and a handler from request
 * to answer. Knows nothing of sockets; errors are thrown as TaskbellError.
 */
import type { Readable } from 'node:stream';
import { TaskbellError } from '../protocol/errors.ts';

export interface ApiRequest {
  /** Values of the path's `:names`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The `Idempotency-Key` header: a repeat with the same key gets the first answer. */
  readonly idempotencyKey: string | undefined;
  /** The body as JSON; E_INVALID_JSON when it is none. */
  readonly json: () => Promise<unknown>;
  /** Aborted when the caller went away or the server stops. */
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  /** Undefined: no body. */
  readonly body?: unknown;
  /** When given, the body is text of this kind; else it is JSON. */
  readonly contentType?: string;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** A gateway elsewhere may ask too, with the token of its role. */
  readonly forEdges?: true;
  readonly handle: (request: ApiRequest) => Promise<ApiAnswer>;
}

interface CompiledRoute extends Route {
  readonly parts: readonly string[];
}

export type Match =
  | { readonly kind: 'found'; readonly route: Route; readonly params: Record<string, string> }
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown' };

/** @returns a function from method and path to the route */
export function compileRoutes(routes: readonly Route[]): (method: string, path: string) => Match {
  const search = searchIn(routes);
  // Where no name is in the path, the answer is always the same.
  const plain = new Map(
    routes
      .filter(({ path }) => !path.includes(':'))
      .map(({ method, path }) => [`${method} ${path}`, search(method, path)]),
  );
  return (method, path) => plain.get(`${method} ${path}`) ?? search(method, path);
}

function searchIn(routes: readonly Route[]): (method: string, path: string) => Match {
  const compiled = routes.map((route) => ({ ...route, parts: route.path.split('/') }));
  return (method, path) => {
    const parts = path.split('/');
    const fitting = compiled.filter((route) => fits(route, parts));
    const route = fitting.find((candidate) => candidate.method === method);
    if (route !== undefined) return { kind: 'found', route, params: paramsOf(route, parts) };
    if (fitting.length === 0) return { kind: 'unknown' };
    return { kind: 'wrong-method', allowed: fitting.map((candidate) => candidate.method) };
  };
}

function fits(route: CompiledRoute, parts: readonly string[]): boolean {
  return (
    route.parts.length === parts.length &&
    route.parts.every((part, index) => part.startsWith(':') || part === parts[index])
  );
}

function paramsOf(route: CompiledRoute, parts: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [index, part] of route.parts.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decodePart(parts[index] ?? '');
  }
  return params;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new TaskbellError('E_INVALID_REQUEST', `The path holds a broken escape: ${part}.`, {
      hint: 'Percent-encode the name as UTF-8.',
      cause,
    });
  }
}

/** A request may carry a chunk of jobs: 10,000 of them, or this many bytes. */
export const MAX_BODY_BYTES = 32 * 1_048_576;

export async function readJson(body: Readable): Promise<unknown> {
  const text = await readText(body);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TaskbellError('E_INVALID_JSON', `The request body is not JSON: ${why}.`, {
      hint: 'Send one JSON document in UTF-8.',
      cause,
    });
  }
}

/** By its events: iterating over a stream cost a small request more than all else that is done for it. */
function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // What comes after the bound is let pass, so that the sender hears why it was refused.
      if (size > MAX_BODY_BYTES) reject(tooLarge());
      else chunks.push(chunk);
    });
    body.on('error', reject);
    body.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}

export function tooLarge(): TaskbellError {
  return new TaskbellError(
    'E_PAYLOAD_TOO_LARGE',
    `The request is larger than ${MAX_BODY_BYTES} bytes.`,
    { hint: 'Send fewer jobs at once.' },
  );
}

export function ok(body: unknown): ApiAnswer {
  return { status: 200, body };
}

export function created(body: unknown): ApiAnswer {
  return { status: 201, body };
}

export function required(request: ApiRequest, name: string): string {
  const value = request.params[name];
  if (value === undefined || value === '') {
    throw new TaskbellError('E_INVALID_REQUEST', `The path lacks its ${name}.`);
  }
  return value;
}

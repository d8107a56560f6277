/**
 * From a request to its answer, whichever way it came: finds the route, runs its handler, and turns what
 * was thrown into a problem. Knows neither HTTP nor frames.
 */
import { type ApiAnswer, compileRoutes, type Route } from '../api/route.ts';
import type { Logger } from '../process/logger.ts';
import { type Problem, TaskbellError, toProblem } from '../protocol/errors.ts';

export interface AskedRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly target: string;
  readonly idempotencyKey: string | undefined;
  /** Asked with the token of an edge: few routes are for it. */
  readonly isEdge?: boolean;
  /** The body as JSON; E_INVALID_JSON when it is none. */
  readonly json: () => Promise<unknown>;
  /** Few handlers ask for it, and making one may cost more than a small request. */
  readonly signal: () => AbortSignal;
}

export class RequestRouter {
  readonly #match: ReturnType<typeof compileRoutes>;
  readonly #log: Logger;

  constructor(routes: readonly Route[], log: Logger) {
    this.#match = compileRoutes(routes);
    this.#log = log;
  }

  /** @throws TaskbellError where there is no such route, and whatever its handler throws */
  answer({
    method,
    target,
    isEdge,
    idempotencyKey,
    json,
    signal,
  }: AskedRequest): Promise<ApiAnswer> {
    const { pathname, query } = placeOf(target);
    const match = this.#match(method, pathname);
    if (match.kind === 'unknown') {
      throw new TaskbellError('E_NOT_FOUND', `There is no ${pathname} here.`, {
        hint: 'docs/protocol.md lists the routes.',
      });
    }
    if (match.kind === 'wrong-method') {
      const allowed = match.allowed.join(', ');
      throw new TaskbellError('E_INVALID_REQUEST', `${pathname} takes ${allowed}.`);
    }
    if (isEdge && !match.route.forEdges) throw notForEdges(`${method} ${pathname}`);
    return match.route.handle({
      ...{ params: match.params, query, idempotencyKey, json },
      get signal() {
        return signal();
      },
    });
  }

  /** What the caller is told; what was not foreseen goes to the log alone. */
  problemOf(error: unknown): Problem {
    if (error instanceof TaskbellError) return toProblem(error);
    this.#log.error({ err: error }, 'request failed');
    return toProblem(new TaskbellError('E_INTERNAL', 'The daemon failed; its log says why.'));
  }
}

function notForEdges(what: string): TaskbellError {
  return new TaskbellError('E_FORBIDDEN', `The token of an edge is not good for ${what}.`, {
    hint: 'Ask with the content of api-token in the data directory.',
  });
}

/** Nothing in it needs decoding: so are most requests, and to parse a URL takes longer than to find its route. */
const PLAIN_TARGET = /^(?:\/[A-Za-z0-9_-]+)+$/;

function placeOf(target: string): { readonly pathname: string; readonly query: URLSearchParams } {
  if (PLAIN_TARGET.test(target)) return { pathname: target, query: new URLSearchParams() };
  const url = urlOf(target);
  if (url !== undefined) return { pathname: url.pathname, query: url.searchParams };
  throw new TaskbellError('E_INVALID_REQUEST', `${target} is no target of a request.`);
}

/** Undefined for a target that is none, such as `//`. */
export function urlOf(target: string): URL | undefined {
  const base = 'http://control';
  return URL.canParse(target, base) ? new URL(target, base) : undefined;
}

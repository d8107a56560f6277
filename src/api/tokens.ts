/** /v1/tokens/revocations: tokens that are refused before they expire. */
import { TaskbellError } from '../protocol/errors.ts';
import { check } from '../protocol/shapes.ts';
import {
  MAX_REVOCATION_PAGE,
  REVOCATION_REQUEST,
  type RevocationRequest,
} from '../protocol/tokens.ts';
import type { ApiContext } from './api-context.ts';
import { limitOf, queryValue } from './query.ts';
import { type ApiAnswer, type ApiRequest, created, ok, type Route, required } from './route.ts';

const PATH = '/v1/tokens/revocations';

export function tokenRoutes({ tokens }: Pick<ApiContext, 'tokens'>): readonly Route[] {
  return [
    { method: 'GET', path: PATH, forEdges: true, handle: (request) => list(tokens, request) },
    { method: 'POST', path: PATH, handle: (request) => revoke(tokens, request) },
    { method: 'DELETE', path: `${PATH}/:id`, handle: (request) => restore(tokens, request) },
  ];
}

async function list(tokens: ApiContext['tokens'], { query }: ApiRequest): Promise<ApiAnswer> {
  const limit = limitOf(query, { usual: 100, most: MAX_REVOCATION_PAGE });
  return ok(tokens.page(queryValue(query, 'after'), limit));
}

async function revoke(tokens: ApiContext['tokens'], request: ApiRequest): Promise<ApiAnswer> {
  const asked = check(REVOCATION_REQUEST, await request.json(), 'The revocation is not valid');
  return created(await tokens.revoke(asked as RevocationRequest));
}

async function restore(tokens: ApiContext['tokens'], request: ApiRequest): Promise<ApiAnswer> {
  const id = required(request, 'id');
  if (await tokens.restore(id)) return { status: 204 };
  throw new TaskbellError('E_NOT_FOUND', `There is no revocation ${id}.`, {
    hint: 'taskbell token revocations shows them.',
  });
}

/** /v1/users, /v1/grants and the question of access. */
import { TaskbellError } from '../protocol/errors.ts';
import { check } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { queryValue } from './query.ts';
import { ACCESS_QUESTION, GRANT, USER_REQUEST } from './requests.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route, required } from './route.ts';

export function directoryRoutes(context: ApiContext): readonly Route[] {
  const { directory } = context;
  return [
    { method: 'GET', path: '/v1/users', handle: async () => ok({ users: directory.users() }) },
    { method: 'POST', path: '/v1/users', handle: (request) => addUser(context, request) },
    { method: 'DELETE', path: '/v1/users/:id', handle: (request) => removeUser(context, request) },
    {
      method: 'GET',
      path: '/v1/users/:id/access',
      forEdges: true,
      handle: async (request) => ok(directory.access(required(request, 'id'))),
    },
    {
      method: 'POST',
      path: '/v1/users/:id/recheck',
      handle: async (request) => {
        const asked = { id: required(request, 'id') };
        const { id } = check(USER_REQUEST, asked, 'The user is not valid');
        await directory.recheck(id);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/v1/grants',
      handle: async ({ query }) => ok({ grants: directory.grants(queryValue(query, 'user')) }),
    },
    { method: 'POST', path: '/v1/grants', handle: (request) => grant(context, request) },
    { method: 'DELETE', path: '/v1/grants', handle: (request) => revoke(context, request) },
    {
      method: 'POST',
      path: '/v1/access/check',
      forEdges: true,
      handle: (request) => checkAccess(context, request),
    },
  ];
}

async function addUser(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const { id, name } = check(USER_REQUEST, await request.json(), 'The user is not valid');
  return ok(await context.directory.addUser(id, name ?? null, context.now()));
}

async function removeUser({ directory }: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const id = required(request, 'id');
  if (await directory.removeUser(id)) return { status: 204 };
  throw new TaskbellError('E_NOT_FOUND', `There is no user ${id}.`, {
    hint: 'taskbell user list shows the users.',
  });
}

async function grant(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const asked = check(GRANT, await request.json(), 'The grant is not valid');
  // A misspelt type would be found only when someone is refused for it. Revoking one stays possible.
  context.checkEventType(asked.type);
  return ok(await context.directory.grant(asked));
}

async function revoke({ directory }: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const asked = check(GRANT, await request.json(), 'The grant is not valid');
  if (await directory.revoke(asked)) return { status: 204 };
  throw new TaskbellError(
    'E_NOT_FOUND',
    `The user ${asked.user} holds no grant on ${asked.type}/${asked.id}.`,
    { hint: 'taskbell access list shows the grants.' },
  );
}

async function checkAccess(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const question = check(ACCESS_QUESTION, await request.json(), 'The question is not valid');
  return ok(await context.checkAccess(question));
}

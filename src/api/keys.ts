/** /v1/keys: list, rotate. */
import type { ApiContext } from './api-context.ts';
import { ok, type Route } from './route.ts';

export function keyRoutes({ keys }: Pick<ApiContext, 'keys'>): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/keys', handle: async () => ok(await keys.list()) },
    { method: 'POST', path: '/v1/keys/rotate', handle: async () => ok(await keys.rotate()) },
  ];
}

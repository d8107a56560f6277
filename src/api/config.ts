/** /v1/config/reload: the configuration of the service, read anew. */
import type { ApiContext } from './api-context.ts';
import { ok, type Route } from './route.ts';

export function configRoutes({ config }: Pick<ApiContext, 'config'>): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/config/reload',
      // Answers when the processes that read it anew are in their places.
      handle: async () => ok(await config.reload()),
    },
  ];
}

/** /v1/status, /v1/report. */
import type { ApiContext } from './api-context.ts';
import { ok, type Route } from './route.ts';

export function statusRoutes(context: ApiContext): readonly Route[] {
  const { report } = context;
  return [
    {
      method: 'GET',
      path: '/v1/status',
      handle: async ({ query }) => ok(await context.status(query.get('details') === '1')),
    },
    { method: 'GET', path: '/v1/report', handle: async () => ok(await report.status()) },
    {
      method: 'POST',
      path: '/v1/report/retry',
      handle: async () => {
        report.retry();
        return ok(await report.status());
      },
    },
  ];
}

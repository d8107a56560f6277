/** /v1/gateways/restart: fresh processes in the place of the gateways. */
import { check } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { RESTART_REQUEST } from './requests.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route } from './route.ts';

export function gatewayRoutes({ gateways }: Pick<ApiContext, 'gateways'>): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/gateways/restart',
      handle: (request) => restart(gateways, request),
    },
  ];
}

/** Answers when all of them are replaced. */
async function restart(gateways: ApiContext['gateways'], request: ApiRequest): Promise<ApiAnswer> {
  const asked = check(RESTART_REQUEST, await request.json(), 'restart');
  const { rolling = false, timeoutMs: withinMs = null } = asked;
  return ok({ replaced: await gateways.restart({ rolling, withinMs }, request.signal) });
}

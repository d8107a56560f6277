/** The gateways of a daemon, and how they are replaced. */
import type { ReplacedGateway } from '../protocol/gateways.ts';
import type { ControlHttp } from './control-http.ts';

export interface GatewayRestartOptions {
  /**
   * True: one after the other, each when its successor takes connections, so that none is refused. False or omitted:
   * all at once; connections that come meanwhile wait for the first that is there again.
   */
  readonly rolling?: boolean;
  /** Connections of one that is replaced are closed within so long; omitted: `drainTime`. */
  readonly timeoutMs?: number;
  /** Ends the waiting, and a rolling restart after the process that is being replaced. */
  readonly signal?: AbortSignal;
}

export async function restartGateways(
  http: ControlHttp,
  { signal, ...options }: GatewayRestartOptions,
): Promise<readonly ReplacedGateway[]> {
  const body = JSON.stringify(options);
  const path = '/v1/gateways/restart';
  // Clients are let go over a time that the configuration says.
  const answer = await http.call({ method: 'POST', path, body, signal, timeoutMs: 0 });
  return (answer as { replaced: ReplacedGateway[] }).replaced;
}

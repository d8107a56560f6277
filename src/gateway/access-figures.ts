/** How often it was asked who may see what, in the words of the figures that a gateway tells. Pure. */
import type { GatewayFigures } from '../protocol/gateways.ts';
import type { AccessCounts } from './access.ts';

/** @param counts undefined while nobody can be asked */
export function accessFigures(counts: AccessCounts | undefined): Pick<GatewayFigures, 'access'> {
  if (counts === undefined) return {};
  const { asked: hookAsked, held: hookHeld, failed: hookFailed } = counts.hook;
  return { access: { hookAsked, hookHeld, hookFailed, coreAway: counts.coreAway } };
}

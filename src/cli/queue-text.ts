/** Cells of tables about queues. Pure. */
import type { OldestView } from '../client/client.ts';
import { formatMs } from './table.ts';

/** How long the oldest queued job waits; `≥` where not all could be looked at. */
export function latencyCell(oldest: OldestView | null | undefined): string {
  if (!oldest) return '-';
  return `${oldest.isExact ? '' : '≥ '}${formatMs(oldest.latency)}`;
}

export function rateCell(perSecond: number | undefined): string {
  if (perSecond === undefined) return '-';
  return perSecond < 10 ? String(perSecond) : String(Math.round(perSecond));
}

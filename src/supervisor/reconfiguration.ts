/**
 * Brings other settings to the processes of a service: all of them, or none.
 *
 *   adopt ─▶ a fresh executor in each place that needs one ─▶ the same for gateways ─▶ done
 *     └────────────────────┴─ one fails ▶ adopt the former settings ─▶ fresh ones where there were fresh ones ─▶ failed
 *
 * One after the other, so that all but one are at work at any time.
 */
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type { ReloadView } from '../protocol/reload.ts';
import type { Role } from '../protocol/supervision.ts';
import type { ChildSlot } from './child-slot.ts';
import { droppedTypes } from './slot-plan.ts';

export interface Reconfiguration {
  readonly former: Settings;
  readonly settings: Settings;
  /** Whose processes read what has changed when they start. */
  readonly roles: ReadonlySet<Role>;
  readonly slots: readonly ChildSlot[];
  /** Has every process that is there act on them, and every one that comes. */
  readonly adopt: (settings: Settings) => Promise<void>;
  /** The service is being stopped: its processes end, which is no failure of the settings. */
  readonly isStopping: () => boolean;
  readonly log: Logger;
}

const ORDER: readonly Role[] = ['executor', 'gateway'];

/** @throws TaskbellError when a process cannot work with them; then all go on with the former ones */
export async function reconfigure(change: Reconfiguration): Promise<ReloadView['replaced']> {
  const { former, settings, roles, slots, adopt } = change;
  const renewed: ChildSlot[] = [];
  try {
    await adopt(settings);
    const dropped = droppedTypes(former, settings);
    for (const role of ORDER) {
      if (!roles.has(role)) continue;
      for (const slot of slots.filter(({ name }) => name.role === role)) {
        if (await slot.renew(dropped)) renewed.push(slot);
      }
    }
  } catch (error) {
    if (!change.isStopping()) await goBack(change, renewed);
    throw error;
  }
  const count = (role: Role): number => renewed.filter(({ name }) => name.role === role).length;
  return { executors: count('executor'), gateways: count('gateway') };
}

async function goBack(change: Reconfiguration, renewed: readonly ChildSlot[]): Promise<void> {
  const { former, settings, adopt, log } = change;
  try {
    await adopt(former);
    const dropped = droppedTypes(settings, former);
    for (const slot of renewed) await slot.renew(dropped);
  } catch (err) {
    // They worked with them a moment ago; what keeps them from it now is another matter, and its process is restarted.
    log.error({ err }, 'a process did not go back to the former settings');
  }
}

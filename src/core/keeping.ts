/** The retention of the awake core, put together. */
import type { LiveSettings } from '../config/live-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type { Service } from '../process/service.ts';
import { Retention, type RetentionParts } from './retention.ts';

interface Kept {
  readonly settings: Settings;
  readonly live?: LiveSettings | undefined;
  readonly log: Logger;
}

export function keepingService(
  { settings, live, log }: Kept,
  what: Pick<RetentionParts, 'store' | 'events' | 'types' | 'skipReports'>,
): Service {
  const clocks = { now: Date.now, nowMono: () => performance.now() };
  const create = (bounds: Settings['retention']): Retention =>
    new Retention({ settings: bounds, log, ...what, ...clocks });
  let retention = create(settings.retention);
  let isRunning = false;
  live?.onChange(async (changed) => {
    if (!isRunning) return;
    await retention.stop();
    retention = create(changed.retention);
    // It may have been told to stop meanwhile.
    if (isRunning) retention.start();
  });
  return {
    start: async () => {
      isRunning = true;
      retention.start();
    },
    stop: async () => {
      isRunning = false;
      await retention.stop();
    },
  };
}

/** What the awake core does when the settings change under it: the limits, policies and schedules of the configuration. */
import type { LiveSettings } from '../config/live-settings.ts';
import type { JobTypes } from './job-types.ts';
import type { CoreLimitRules } from './limit-rules.ts';
import type { Schedules } from './schedules.ts';

export interface ChangingParts {
  readonly types: JobTypes;
  readonly limits: CoreLimitRules;
  readonly schedules: Schedules;
  /** Asks for a flush of the commit loop: what a limit held back may run now. */
  readonly nudge: () => void;
}

export function followChanges(live: LiveSettings | undefined, parts: ChangingParts): void {
  const { types, limits, schedules, nudge } = parts;
  live?.onChange(async ({ jobs, queues, schedules: configured }) => {
    types.configure(jobs);
    limits.configure(queues);
    nudge();
    await schedules.reconfigure(configured);
  });
}

/** The schedules of the awake core: their clock and what answers requests about them, put together. */
import type { Settings } from '../config/settings.ts';
import type { EventLog } from '../log/event-log.ts';
import type { Logger } from '../process/logger.ts';
import type { JobStore } from '../queue/job-store.ts';
import type { ScheduleStore } from '../schedule/schedule-store.ts';
import type { DueClock } from './due-clock.ts';
import type { ExecutorPool } from './executor-pool.ts';
import type { CoreJobService } from './job-service.ts';
import type { JobTypes } from './job-types.ts';
import type { Lanes } from './lanes.ts';
import { toNewJob } from './new-job.ts';
import { noteReleased } from './released.ts';
import { ScheduleClock } from './schedule-clock.ts';
import { CoreScheduleService, jobRequestOf } from './schedule-service.ts';

export interface SchedulesParts {
  readonly store: ScheduleStore;
  readonly jobs: JobStore;
  readonly events: EventLog;
  readonly types: JobTypes;
  readonly lanes: Lanes;
  readonly pool: Pick<ExecutorPool, 'cancel'>;
  readonly dueClock: Pick<DueClock, 'expect'>;
  readonly service: Pick<CoreJobService, 'check'>;
  readonly settings: Settings;
  readonly log: Logger;
  readonly now: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
}

export interface Schedules {
  readonly service: CoreScheduleService;
  start(): Promise<void>;
  /** Brings the schedules of the configuration to what it says now. */
  reconfigure(schedules: Settings['schedules']): Promise<void>;
  stop(): void;
}

export function buildSchedules(parts: SchedulesParts): Schedules {
  const { store, jobs, events, types, lanes, pool, log, now, nudge } = parts;
  const clock = new ScheduleClock({
    ...{ store, jobs, events, log, now },
    jobOf: (spec) => {
      const { queue } = types.policyOf(spec.job);
      return toNewJob(jobRequestOf(spec), { queue, at: now() });
    },
    onAdded: (added) => {
      lanes.mark(added);
      nudge();
    },
    onCancelled: (answer) => {
      if (answer.kind === 'requested') pool.cancel(answer.fence, answer.executor);
      if (answer.kind !== 'cancelled') return;
      noteReleased(parts, answer.released);
      nudge();
    },
  });
  const service = new CoreScheduleService({
    ...{ store, jobs, clock, log, now },
    checkJob: (job) => parts.service.check([job]),
    isKnownType: (type) => types.isKnown(type),
  });
  return {
    service,
    start: async () => {
      await service.synchronise(parts.settings.schedules);
      await clock.start();
    },
    reconfigure: (configured) => service.synchronise(configured),
    stop: () => clock.stop(),
  };
}

/** The engine's part of a start and a stop: what was left is taken up again before anybody new is served. */
import type { Service } from '../process/service.ts';
import type { JobStore } from '../queue/job-store.ts';
import type { DueClock } from './due-clock.ts';
import type { ExecutorPool } from './executor-pool.ts';
import type { Lanes } from './lanes.ts';
import type { Schedules } from './schedules.ts';

export interface EngineParts {
  readonly lanes: Lanes;
  readonly dueClock: DueClock;
  readonly pool: ExecutorPool;
  readonly schedules: Schedules;
}

export function engineService(
  jobs: JobStore,
  { lanes, dueClock, pool, schedules }: EngineParts,
): Service {
  return {
    start: async () => {
      for (const queue of await jobs.queues()) lanes.setPaused(queue.name, queue.mode === 'paused');
      lanes.mark(await jobs.lanes());
      await pool.recover();
      await dueClock.start();
      await schedules.start();
    },
    stop: async () => {
      schedules.stop();
      dueClock.stop();
      pool.stop();
    },
  };
}

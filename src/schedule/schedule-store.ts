/**
 * The port of the schedules' store. A run's job and the move of its schedule are one transaction, so a
 * slot can neither run twice nor be lost between the two.
 *
 * Adapters: `sqlite/`; the tests keep a second one in memory.
 */
import type { JobRecord, NewJob } from '../queue/job.ts';
import type { CancelAnswer } from '../queue/job-store.ts';
import type { ScheduleRecord } from './schedule.ts';
import type { ScheduleSpec } from './schedule-spec.ts';

export interface AdvanceRequest {
  readonly name: string;
  readonly now: number;
  /** The job of a run. Called inside the transaction, maybe more than once: pure. */
  readonly jobOf: (spec: ScheduleSpec) => NewJob;
}

export interface Advance {
  /** As it is afterwards. */
  readonly schedule: ScheduleRecord;
  readonly added: readonly JobRecord[];
  /** What became of the wish to cancel the runs before. */
  readonly cancelled: readonly CancelAnswer[];
}

export type UpdateSchedule = (before: ScheduleRecord | undefined) => ScheduleRecord;

export interface ScheduleStore {
  list(): Promise<readonly ScheduleRecord[]>;
  get(name: string): Promise<ScheduleRecord | undefined>;
  /**
   * Adds or replaces one. `updated` is called inside the transaction, maybe more than once; what it throws
   * is thrown, and nothing changes.
   */
  put(name: string, updated: UpdateSchedule): Promise<ScheduleRecord>;
  remove(name: string): Promise<boolean>;
  /** Names of those that are to be looked at. */
  due(now: number): Promise<readonly string[]>;
  /** When the first is to be looked at; null when none is. */
  nextDeadline(): Promise<number | null>;
  /** Looks at one: carries out what decide-firing.ts decides. Undefined when there is none of this name. */
  advance(request: AdvanceRequest): Promise<Advance | undefined>;
  /** A run besides its times. Undefined when there is no schedule of this name. */
  runNow(request: AdvanceRequest): Promise<Advance | undefined>;
}

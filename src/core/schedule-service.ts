/**
 * Schedules by the hand of people: from the configuration at the start, and by request. Decides nothing
 * of when they run; every answer comes after the commit.
 */
import type { ScheduleFacts, ScheduleService } from '../api/api-context.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import type { Logger } from '../process/logger.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { JobRequest } from '../protocol/jobs.ts';
import { jsonOf } from '../protocol/sealed-text.ts';
import type { JobRecord } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';
import { findTimingProblem } from '../schedule/check-timing.ts';
import {
  changeSchedule,
  createSchedule,
  pauseSchedule,
  type ScheduleRecord,
} from '../schedule/schedule.ts';
import type { ScheduleSpec } from '../schedule/schedule-spec.ts';
import type { ScheduleStore } from '../schedule/schedule-store.ts';
import type { ScheduleClock } from './schedule-clock.ts';

export interface ScheduleServiceParts {
  readonly store: ScheduleStore;
  readonly jobs: Pick<JobStore, 'get'>;
  readonly clock: Pick<ScheduleClock, 'expect' | 'runNow'>;
  /** Throws what an add of this job would throw. */
  readonly checkJob: (job: JobRequest) => Promise<void>;
  /** Whether anything could run jobs of this type. */
  readonly isKnownType: (type: string) => boolean;
  readonly now: () => number;
  readonly log: Logger;
}

export class CoreScheduleService implements ScheduleService {
  readonly #parts: ScheduleServiceParts;

  constructor(parts: ScheduleServiceParts) {
    this.#parts = parts;
  }

  /** Brings the schedules of the configuration to what it says now. Those of other sources stay. */
  async synchronise(specs: readonly ScheduleSpec[]): Promise<void> {
    const { store, log, isKnownType } = this.#parts;
    const wanted = new Set(specs.map(({ name }) => name));
    const known = new Map((await store.list()).map((schedule) => [schedule.spec.name, schedule]));
    for (const { spec, source } of known.values()) {
      if (source !== 'config' || wanted.has(spec.name)) continue;
      await store.remove(spec.name);
      log.info({ schedule: spec.name }, 'schedule removed: it is no longer in the configuration');
    }
    for (const spec of specs) {
      if (!isKnownType(spec.job)) {
        log.warn(
          { schedule: spec.name, type: spec.job },
          'no handler for the job of this schedule',
        );
      }
      const before = known.get(spec.name);
      if (before !== undefined && isSame(before, spec)) continue;
      await this.#put(spec, 'config');
      log.info(
        { schedule: spec.name },
        before === undefined ? 'schedule added' : 'schedule changed',
      );
    }
  }

  async list(): Promise<readonly ScheduleFacts[]> {
    const schedules = await this.#parts.store.list();
    return Promise.all(schedules.map((schedule) => this.#facts(schedule)));
  }

  async get(name: string): Promise<ScheduleFacts> {
    const schedule = await this.#parts.store.get(name);
    if (schedule === undefined) throw await this.#unknown(name);
    return this.#facts(schedule);
  }

  async add(spec: ScheduleSpec): Promise<ScheduleFacts> {
    const { now, checkJob } = this.#parts;
    const problem = findTimingProblem(spec, now());
    if (problem !== null) throw timingRefused(problem.field, problem.text);
    await checkJob(jobRequestOf(spec));
    return this.#facts(await this.#put(spec, 'api'));
  }

  async remove(name: string): Promise<void> {
    const { store } = this.#parts;
    const schedule = await store.get(name);
    if (schedule?.source === 'config') throw ownedByConfig(name, 'removed');
    if (!(await store.remove(name))) throw await this.#unknown(name);
  }

  async setPaused(name: string, paused: boolean): Promise<ScheduleFacts> {
    const { store, clock, now } = this.#parts;
    const at = now();
    if ((await store.get(name)) === undefined) throw await this.#unknown(name);
    const schedule = await store.put(name, (before) => {
      if (before === undefined) throw unknownSchedule(name, []);
      return pauseSchedule(before, paused, at);
    });
    clock.expect(schedule.nextAt);
    return this.#facts(schedule);
  }

  async runNow(name: string): Promise<JobRecord> {
    const [job] = (await this.#parts.clock.runNow(name))?.added ?? [];
    if (job === undefined) throw await this.#unknown(name);
    return job;
  }

  async #unknown(name: string): Promise<TaskbellError> {
    const schedules = await this.#parts.store.list();
    return unknownSchedule(
      name,
      schedules.map(({ spec }) => spec.name),
    );
  }

  async #put(spec: ScheduleSpec, source: 'config' | 'api'): Promise<ScheduleRecord> {
    const { store, clock, now } = this.#parts;
    const at = now();
    const schedule = await store.put(spec.name, (before) => {
      if (before === undefined) return createSchedule(spec, source, at);
      if (before.source === 'config' && source === 'api') throw ownedByConfig(spec.name, 'changed');
      return changeSchedule(before, { spec, source, now: at });
    });
    clock.expect(schedule.nextAt);
    return schedule;
  }

  async #facts(schedule: ScheduleRecord): Promise<ScheduleFacts> {
    const id = schedule.jobs.at(-1);
    return { schedule, lastJob: id === undefined ? undefined : await this.#parts.jobs.get(id) };
  }
}

/** The job that a schedule adds, as one would ask for it. @throws TaskbellError E_KEY_FILE for a payload that stays sealed */
export function jobRequestOf({ job, payload, queue, priority, userId }: ScheduleSpec): JobRequest {
  return {
    type: job,
    payload: jsonOf(payload),
    priority,
    ...(queue === null ? {} : { queue }),
    ...(userId === null ? {} : { userId }),
  };
}

function isSame({ spec, source }: ScheduleRecord, wanted: ScheduleSpec): boolean {
  return source === 'config' && JSON.stringify(spec) === JSON.stringify(wanted);
}

function unknownSchedule(name: string, known: readonly string[]): TaskbellError {
  const guess = didYouMean(name, known) || '.';
  return new TaskbellError('E_NOT_FOUND', `There is no schedule ${name}${guess}`, {
    hint: 'taskbell schedule list shows the schedules.',
  });
}

function ownedByConfig(name: string, what: 'changed' | 'removed'): TaskbellError {
  const words = `The schedule ${name} stands in the configuration and can only be ${what} there.`;
  return new TaskbellError('E_CONFLICT', words, {
    hint: `Edit [schedule:${name}] and restart, or let it rest with taskbell schedule pause ${name}.`,
  });
}

function timingRefused(field: string, text: string): TaskbellError {
  return new TaskbellError('E_INVALID_REQUEST', `The schedule is not valid: ${field}: ${text}.`, {
    hint: 'taskbell schedule preview shows when an expression runs.',
  });
}

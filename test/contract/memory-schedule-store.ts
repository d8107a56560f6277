/** The schedules in a map: the second implementation of the port. It shares the pure rules and nothing else. */
import type { JobsInTransaction } from '../../src/queue/job-store.ts';
import { decideFiring } from '../../src/schedule/decide-firing.ts';
import { type ScheduleRecord, watchedJobs } from '../../src/schedule/schedule.ts';
import type {
  Advance,
  AdvanceRequest,
  ScheduleStore,
  UpdateSchedule,
} from '../../src/schedule/schedule-store.ts';
import type { Commit } from '../../src/sqlite/commit.ts';
import type { MemoryState } from './memory-commit.ts';

export class MemoryScheduleStore implements ScheduleStore, MemoryState {
  readonly #commit: Commit;
  readonly #jobs: JobsInTransaction;
  #schedules = new Map<string, ScheduleRecord>();

  constructor(commit: Commit, jobs: JobsInTransaction) {
    this.#commit = commit;
    this.#jobs = jobs;
  }

  save(): () => void {
    const copy = new Map(this.#schedules);
    return () => {
      this.#schedules = copy;
    };
  }

  async list() {
    return [...this.#schedules.values()].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  }

  async get(name: string) {
    return this.#schedules.get(name);
  }

  put(name: string, updated: UpdateSchedule): Promise<ScheduleRecord> {
    return this.#commit(() => this.#keep(updated(this.#schedules.get(name))));
  }

  remove(name: string): Promise<boolean> {
    return this.#commit(() => this.#schedules.delete(name));
  }

  async due(now: number) {
    return this.#byDeadline().flatMap(({ nextAt, spec }) => (nextAt <= now ? [spec.name] : []));
  }

  async nextDeadline() {
    return this.#byDeadline()[0]?.nextAt ?? null;
  }

  advance({ name, now, jobOf }: AdvanceRequest): Promise<Advance | undefined> {
    return this.#commit(() => {
      const schedule = this.#schedules.get(name);
      if (schedule === undefined) return undefined;
      const unfinished = this.#unfinished(schedule);
      const firing = decideFiring(schedule, { now, previousRuns: unfinished.length > 0 });
      const cancelled = firing.cancelPrevious
        ? unfinished.map((id) => this.#jobs.cancel(id, now))
        : [];
      const jobs = firing.starts.map(() => jobOf(schedule.spec));
      const added = this.#jobs.add(jobs, now).map(({ job }) => job);
      const { cursor, pending, nextAt } = firing;
      const after = this.#keep({
        ...{ ...schedule, cursor, pending, nextAt },
        lastRunAt: added.length > 0 ? now : schedule.lastRunAt,
        jobs: watchedJobs(schedule, { unfinished, added: added.map(({ id }) => id) }),
      });
      return { schedule: after, added, cancelled };
    });
  }

  runNow({ name, now, jobOf }: AdvanceRequest): Promise<Advance | undefined> {
    return this.#commit(() => {
      const schedule = this.#schedules.get(name);
      if (schedule === undefined) return undefined;
      const added = this.#jobs.add([jobOf(schedule.spec)], now).map(({ job }) => job);
      const ids = { unfinished: schedule.jobs, added: added.map(({ id }) => id) };
      const jobs = watchedJobs(schedule, ids);
      return { schedule: this.#keep({ ...schedule, lastRunAt: now, jobs }), added, cancelled: [] };
    });
  }

  #keep(schedule: ScheduleRecord): ScheduleRecord {
    this.#schedules.set(schedule.spec.name, schedule);
    return schedule;
  }

  #byDeadline() {
    const waiting = [...this.#schedules.values()].flatMap(({ nextAt, spec }) =>
      nextAt === null ? [] : [{ nextAt, spec }],
    );
    return waiting.sort((a, b) => a.nextAt - b.nextAt || (a.spec.name < b.spec.name ? -1 : 1));
  }

  #unfinished({ spec, jobs }: ScheduleRecord): readonly string[] {
    if (spec.overlap === 'allow') return [];
    return jobs.filter((id) => this.#jobs.get(id)?.endedAt === null);
  }
}

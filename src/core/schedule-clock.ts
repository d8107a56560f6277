/**
 * Starts the runs of schedules: sleeps until the next one is due, has the store carry out what
 * schedule/decide-firing.ts decides, and looks again at schedules whose next run waits for the end of one.
 *
 * One timer, and none while no schedule has a next run. Everything that counts is in the store, so that a
 * look too many does nothing.
 */
import type { EventLog } from '../log/event-log.ts';
import type { Logger } from '../process/logger.ts';
import type { JobRecord, NewJob } from '../queue/job.ts';
import type { CancelAnswer, JobStore } from '../queue/job-store.ts';
import type { ScheduleRecord } from '../schedule/schedule.ts';
import type { ScheduleSpec } from '../schedule/schedule-spec.ts';
import type { Advance, ScheduleStore } from '../schedule/schedule-store.ts';
import { DeadlineTimer } from './deadline-timer.ts';

const AGAIN_AFTER_FAILURE_MS = 1_000;

export interface ScheduleClockParts {
  readonly store: ScheduleStore;
  readonly jobs: Pick<JobStore, 'get'>;
  readonly events: Pick<EventLog, 'onAppended'>;
  readonly now: () => number;
  /** The job of a run, every field decided. Pure. */
  readonly jobOf: (spec: ScheduleSpec) => NewJob;
  /** Jobs are there that may run. */
  readonly onAdded: (jobs: readonly JobRecord[]) => void;
  /** The jobs of runs before were cancelled: those that run are to be told. */
  readonly onCancelled: (answer: CancelAnswer) => void;
  readonly log: Logger;
}

export class ScheduleClock {
  readonly #parts: ScheduleClockParts;
  readonly #timer: DeadlineTimer;
  /** Which schedules wait for the end of which job. */
  readonly #awaited = new Map<string, string>();
  /** To be looked at again, whatever the clock says. */
  readonly #failed = new Set<string>();
  #unsubscribe: () => void = () => undefined;
  #stopped = false;

  constructor(parts: ScheduleClockParts) {
    this.#parts = parts;
    this.#timer = new DeadlineTimer({ now: parts.now, onWake: () => void this.#look() });
  }

  async start(): Promise<void> {
    const { store, events } = this.#parts;
    this.#unsubscribe = events.onAppended((rows) => {
      if (this.#awaited.size === 0) return;
      for (const row of rows) if (row.kind === 'end') this.#noteEnd(row.id);
    });
    for (const schedule of await store.list()) {
      if (schedule.pending !== null) await this.#await(schedule);
    }
    await this.#look();
  }

  /** A schedule may be due at this time (epoch ms). */
  expect(at: number | null): void {
    if (at !== null) this.#timer.expect(at);
  }

  /** A run besides the times of its schedule. Undefined when there is no schedule of this name. */
  async runNow(name: string): Promise<Advance | undefined> {
    const { store, now, jobOf } = this.#parts;
    const advance = await store.runNow({ name, now: now(), jobOf });
    if (advance !== undefined) await this.#carryOn(advance);
    return advance;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.stop();
    this.#unsubscribe();
    this.#awaited.clear();
  }

  /** Never rejects: what fails is said, and tried again. */
  async #look(): Promise<void> {
    const { store, now } = this.#parts;
    try {
      const names = new Set([...(await store.due(now())), ...this.#failed]);
      this.#failed.clear();
      // At once, so that the runs of a full minute share one commit.
      await Promise.all([...names].map((name) => this.#advance(name)));
      const next = await store.nextDeadline();
      // What failed is due still: a pause, or it would be tried without end.
      if (next !== null && this.#failed.size === 0) this.#timer.expect(next);
    } catch (err) {
      this.#complain(err, 'the schedules could not be looked at');
      this.#timer.expect(now() + AGAIN_AFTER_FAILURE_MS);
    }
  }

  async #advance(name: string): Promise<void> {
    const { store, now, jobOf } = this.#parts;
    try {
      const advance = await store.advance({ name, now: now(), jobOf });
      if (advance !== undefined) await this.#carryOn(advance);
    } catch (err) {
      this.#complain(err, 'a schedule could not run', { schedule: name });
      this.#failed.add(name);
      this.#timer.expect(now() + AGAIN_AFTER_FAILURE_MS);
    }
  }

  async #carryOn({ schedule, added, cancelled }: Advance): Promise<void> {
    const { onAdded, onCancelled, log } = this.#parts;
    for (const answer of cancelled) onCancelled(answer);
    if (added.length > 0) {
      onAdded(added);
      log.debug({ schedule: schedule.spec.name, jobs: added.map(({ id }) => id) }, 'schedule ran');
    }
    this.expect(schedule.nextAt);
    if (schedule.pending !== null) await this.#await(schedule);
  }

  /** The next run waits for the ones before: look again when they have ended. */
  async #await({ spec, jobs }: ScheduleRecord): Promise<void> {
    for (const id of jobs) this.#awaited.set(id, spec.name);
    // Asked after the listener is in place: an end in between is heard by one of the two.
    const found = await Promise.all(jobs.map((id) => this.#parts.jobs.get(id)));
    if (found.some((job) => job?.endedAt === null)) return;
    for (const id of jobs) this.#awaited.delete(id);
    await this.#advance(spec.name);
  }

  #noteEnd(id: string): void {
    const name = this.#awaited.get(id);
    if (name === undefined) return;
    this.#awaited.delete(id);
    void this.#advance(name);
  }

  #complain(err: unknown, words: string, facts: object = {}): void {
    // While the daemon stops, the store refuses everything; the next one goes on where this one was.
    if (!this.#stopped) this.#parts.log.error({ err, ...facts }, words);
  }
}

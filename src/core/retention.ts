/**
 * Lets go of what was kept long enough: ended jobs, each state by itself, and events. One timer for the next of them
 * that comes due, and none while nothing can; the work is done gently, for nobody waits for it.
 */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { RetentionSettings } from '../config/settings.ts';
import type { EventLog } from '../log/event-log.ts';
import type { Logger } from '../process/logger.ts';
import type { FinishedState, JobStore } from '../queue/job-store.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { EventRetention } from './event-retention.ts';
import { JobRetention } from './job-retention.ts';
import { sliceOf } from './pace.ts';
import type { RetentionBounds, RetentionPlan } from './retention-plan.ts';
import { TypeRetention } from './type-retention.ts';

export interface RetentionParts {
  readonly settings: RetentionSettings;
  readonly store: Pick<JobStore, 'endedAfter' | 'removeEnded' | 'kept'>;
  readonly events: Pick<EventLog, 'prune' | 'pruneType' | 'oldest' | 'read' | 'onAppended'>;
  /** Event types whose events are kept shorter than others. */
  readonly types?: readonly KeptType[];
  readonly skipReports: (() => Promise<void>) | undefined;
  readonly log: Logger;
  readonly now: () => number;
  readonly nowMono: () => number;
}

/** A bound that is null is none. */
export interface KeptType {
  readonly name: string;
  readonly retentionMs: number | null;
  readonly retentionCount: number | null;
}

/** Of the event loop at once; with its commit it stays below five. */
const SLICE_MS = 3;
const AGAIN_AFTER_FAILURE_MS = 60_000;
/** Rests four times as long as it worked: a fifth of a core at the most. */
const REST_FACTOR = 4;

export class Retention {
  readonly #parts: RetentionParts;
  readonly #jobs: readonly JobRetention[];
  readonly #events: EventRetention;
  readonly #types: readonly TypeRetention[];
  readonly #plans: readonly RetentionPlan[];
  readonly #timer: DeadlineTimer;
  readonly #stopping = new AbortController();
  #unsubscribe: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    const { settings, store, events, skipReports, now, nowMono, types = [] } = parts;
    const slice = sliceOf(SLICE_MS, nowMono);
    const tools = { now, nowMono, slice, rest: (tookMs: number) => this.#rest(tookMs) };
    const jobs = (state: FinishedState, bounds: RetentionBounds) =>
      new JobRetention({ ...tools, store, state, bounds });
    this.#jobs = [
      jobs('succeeded', { ageMs: settings.succeededJobs, count: settings.succeededJobsCount }),
      jobs('failed', { ageMs: settings.failedJobs, count: settings.failedJobsCount }),
      jobs('cancelled', { ageMs: settings.cancelledJobs, count: settings.cancelledJobsCount }),
    ];
    const bounds = { ageMs: settings.events, count: settings.eventsCount };
    this.#events = new EventRetention({ ...tools, log: events, bounds, skipReports });
    this.#types = types
      .filter(({ retentionMs, retentionCount }) => retentionMs !== null || retentionCount !== null)
      .map(({ name, retentionMs, retentionCount }) => {
        const kept = { ageMs: retentionMs ?? 0, count: retentionCount ?? 0 };
        return new TypeRetention({ ...tools, log: events, type: name, bounds: kept });
      });
    this.#plans = [...this.#jobs, this.#events, ...this.#types];
    this.#timer = new DeadlineTimer({ now, onWake: () => this.#wake() });
  }

  start(): void {
    const { events, now } = this.#parts;
    this.#unsubscribe = events.onAppended((rows) => {
      const at = now();
      this.#events.noteAppended(at);
      for (const plan of this.#types) plan.noteAppended(rows, at);
      if (rows.some(({ kind }) => kind === 'end')) for (const plan of this.#jobs) plan.noteEnd(at);
      this.#arm();
    });
    this.#arm();
  }

  /** Resolves when nothing of it goes on any more. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#timer.stop();
    this.#stopping.abort();
    await this.#running;
  }

  #arm(): void {
    if (this.#running !== undefined) return;
    const next = Math.min(...this.#plans.map(({ dueAt }) => dueAt));
    if (Number.isFinite(next)) this.#timer.expect(next);
  }

  #wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      this.#arm();
    });
  }

  /** Never rejects: what fails is said, and tried again. */
  async #run(): Promise<void> {
    const { now, log } = this.#parts;
    for (const plan of this.#plans) {
      if (plan.dueAt > now()) continue;
      try {
        await plan.run();
      } catch (err) {
        // While the daemon stops, the store refuses everything; the next one goes on from the start.
        if (this.#stopping.signal.aborted) return;
        log.error({ err }, 'what was kept long enough could not be removed');
        plan.postpone(now() + AGAIN_AFTER_FAILURE_MS);
      }
    }
  }

  async #rest(tookMs: number): Promise<void> {
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    if (tookMs * REST_FACTOR < 1) await nextTurn(undefined, { signal });
    else await delay(tookMs * REST_FACTOR, undefined, { signal });
  }
}

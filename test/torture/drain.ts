/**
 * Brings a service to rest after the last fault: schedules stand still, every job has ended, every end is
 * reported, and what retention has to remove is gone. Says what does not come to rest.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { StatusView, TaskbellClient } from '../../src/client/client.ts';
import { SCHEDULES } from './engine-rules.ts';
import { type Monitor, unfinishedIn } from './monitor.ts';
import type { Operator } from './operator.ts';

export interface DrainParts {
  readonly client: TaskbellClient;
  readonly operator: Operator;
  readonly monitor: Monitor;
  /** Ends that somebody was told of. */
  readonly endedCount: () => number;
}

/** How long whoever follows may take to catch up. */
export const CATCH_UP_MS = 45_000;
/** Without a single end for so long, a drain is stuck. */
const STANDSTILL_MS = 45_000;

export class Drain {
  readonly troubles: string[] = [];
  readonly #parts: DrainParts;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    await this.#restSchedules();
    await this.#sweepChaff();
    await this.#awaitEnds();
    await this.#awaitRemoval();
  }

  /** Their clock goes on to the end; then they stand still, so that everything else can end. */
  async #restSchedules(): Promise<void> {
    const { schedules } = this.#parts.client;
    const since = Date.now();
    const goesOn = async () =>
      Date.parse((await schedules.get(SCHEDULES.everyRun)).lastRun ?? '') >= since;
    if (!(await holdsSoon(goesOn))) this.troubles.push('the schedules do not run any more');
    for (const name of Object.values(SCHEDULES)) await schedules.pause(name);
  }

  async #sweepChaff(): Promise<void> {
    if (await holdsSoon(() => this.#parts.operator.cancelChaff())) return;
    this.troubles.push('the jobs that were there to be removed could not be cancelled');
  }

  async #awaitEnds(): Promise<void> {
    const { monitor, endedCount } = this.#parts;
    for (;;) {
      const before = endedCount();
      if ((await monitor.until(isDrained, STANDSTILL_MS)) !== undefined) return;
      if (endedCount() > before) continue;
      this.troubles.push(`standstill: ${describe(monitor.latest)}`);
      return;
    }
  }

  /** Retention goes on, whatever was killed in the middle of it. */
  async #awaitRemoval(): Promise<void> {
    const { client } = this.#parts;
    const isGone = async () =>
      (await client.list({ state: 'cancelled', limit: 1 })).jobs.length === 0;
    if (!(await holdsSoon(isGone))) this.troubles.push('cancelled jobs were not removed');
  }
}

function isDrained(status: StatusView): boolean {
  return status.report.pending === 0 && unfinishedIn(status) === 0;
}

/** Asks again and again, for as long as a follower may take to catch up. */
async function holdsSoon(holds: () => Promise<boolean>): Promise<boolean> {
  const giveUpMono = performance.now() + CATCH_UP_MS;
  while (!(await holds())) {
    if (performance.now() >= giveUpMono) return false;
    await delay(50);
  }
  return true;
}

function describe(status: StatusView | undefined): string {
  if (status === undefined) return 'the daemon never answered';
  const { jobs, report, processes } = status;
  return JSON.stringify({ jobs, report, processes });
}

/** The clock of schedules with a fake time, on the store in memory. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ScheduleClock, type ScheduleClockParts } from '../../src/core/schedule-clock.ts';
import type { CancelAnswer } from '../../src/queue/job-store.ts';
import { pauseSchedule } from '../../src/schedule/schedule.ts';
import type { ScheduleSpec } from '../../src/schedule/schedule-spec.ts';
import { claimOne, newJob, settle } from '../contract/job-fixture.ts';
import { openMemoryStores, type Stores } from '../contract/stores.ts';
import { NOW, scheduleOf } from '../schedule/schedule-fixture.ts';

const MINUTE = 60_000;

let stores: Stores;
let clock: ScheduleClock;
let cancelled: CancelAnswer[];
let complaints: string[];
let problem: Error | undefined;

beforeEach(() => {
  // setImmediate stays real: the store commits with it.
  vi.useFakeTimers({ now: NOW, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  stores = openMemoryStores();
  cancelled = [];
  complaints = [];
  problem = undefined;
  clock = startable();
});
afterEach(() => {
  clock.stop();
  stores.close();
  vi.useRealTimers();
});

function startable(): ScheduleClock {
  const parts: ScheduleClockParts = {
    ...{ store: stores.schedules, jobs: stores.jobs, events: stores.log, now: Date.now },
    jobOf: ({ name }) => {
      if (problem !== undefined) throw problem;
      return newJob({ payload: JSON.stringify(name) });
    },
    onAdded: () => undefined,
    onCancelled: (answer) => void cancelled.push(answer),
    log: pino({}, { write: (line) => void complaints.push(JSON.parse(line).msg) }),
  };
  return new ScheduleClock(parts);
}

async function put(more: Partial<ScheduleSpec> = {}): Promise<void> {
  const { nextAt } = await stores.schedules.put(more.name ?? 'nightly', () => scheduleOf(more));
  clock.expect(nextAt);
}

/** Lets time go by, and what it started come to its end. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settled();
}

/** Commits take a turn each; a look at a schedule takes a few of them. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** When jobs were added, in minutes from the beginning, the oldest first. */
async function added(): Promise<readonly number[]> {
  const { jobs } = await stores.jobs.list({ limit: 1_000 });
  return jobs.map(({ createdAt }) => (createdAt - NOW) / MINUTE).reverse();
}

describe('the clock of schedules', () => {
  it('sets no timer while no schedule has a next run', async () => {
    await put({ enabled: false });
    await clock.start();
    expect(vi.getTimerCount()).toBe(0);
    await put({ name: 'other' });
    expect(vi.getTimerCount()).toBe(1);
  });

  it('runs a schedule at its times, with one timer', async () => {
    await put();
    await put({ name: 'other', every: 5 * MINUTE });
    await clock.start();
    for (let minute = 0; minute < 5; minute += 1) await pass(MINUTE);
    expect(await added()).toEqual([1, 2, 3, 4, 5, 5]);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('makes up at the start for what nobody could run', async () => {
    await put();
    clock.stop();
    vi.setSystemTime(NOW + 10.5 * MINUTE);
    clock = startable();
    await clock.start();
    await settled();
    expect(await added()).toEqual([10.5]);
    await pass(MINUTE / 2);
    expect(await added()).toEqual([10.5, 11]);
  });

  it('notices within a minute that the wall clock was put forward', async () => {
    await put({ every: 24 * 60 * MINUTE });
    await clock.start();
    vi.setSystemTime(NOW + 25 * 60 * MINUTE);
    await pass(MINUTE);
    expect(await added()).toEqual([25 * 60 + 1]);
  });

  it('runs nothing again after the wall clock was put back', async () => {
    await put();
    await clock.start();
    await pass(MINUTE);
    vi.setSystemTime(NOW - 60 * MINUTE);
    for (let minute = 0; minute < 60; minute += 1) await pass(MINUTE);
    expect(await added()).toEqual([1]);
    for (let minute = 0; minute < 2; minute += 1) await pass(MINUTE);
    expect(await added()).toEqual([1, 2]);
  });

  it('goes on where an earlier one stopped, losing and repeating nothing', async () => {
    await put({ missed: 'all' });
    await clock.start();
    await pass(MINUTE);
    clock.stop();
    await pass(3.5 * MINUTE);
    clock = startable();
    await clock.start();
    await settled();
    await pass(MINUTE / 2);
    expect(await added()).toEqual([1, 4.5, 4.5, 4.5, 5]);
  });

  it('starts the run that waits as soon as the one before has ended', async () => {
    await put({ overlap: 'queue' });
    await clock.start();
    await pass(MINUTE);
    await pass(MINUTE);
    expect(await added()).toEqual([1]);
    vi.setSystemTime(NOW + 2.5 * MINUTE);
    await settle(stores.jobs, await claimOne(stores.jobs), 'succeeded');
    await settled();
    expect(await added()).toEqual([1, 2.5]);
  });

  it('starts it also when that one ended while nobody was listening', async () => {
    await put({ overlap: 'queue' });
    await clock.start();
    await pass(MINUTE);
    await pass(MINUTE);
    clock.stop();
    await settle(stores.jobs, await claimOne(stores.jobs), 'succeeded');
    clock = startable();
    await clock.start();
    await settled();
    expect(await added()).toEqual([1, 2]);
  });

  it('waits on after a restart when that one still runs', async () => {
    await put({ overlap: 'queue' });
    await clock.start();
    await pass(MINUTE);
    await pass(MINUTE);
    clock.stop();
    clock = startable();
    await clock.start();
    await settled();
    expect(await added()).toEqual([1]);
    await settle(stores.jobs, await claimOne(stores.jobs), 'succeeded');
    await settled();
    expect(await added()).toEqual([1, 2]);
  });

  it('has the runs before told that they are cancelled', async () => {
    await put({ overlap: 'cancel-previous' });
    await clock.start();
    await pass(MINUTE);
    const { id } = await claimOne(stores.jobs);
    await pass(MINUTE);
    expect(cancelled).toMatchObject([{ kind: 'requested', fence: { id } }]);
    expect(await added()).toEqual([1, 2]);
  });

  it('says what fails, goes on with the others, and tries again after a second', async () => {
    await put();
    await clock.start();
    problem = new Error('too large');
    await pass(MINUTE);
    for (let n = 0; n < 9; n += 1) await pass(100);
    expect(complaints).toEqual(['a schedule could not run']);
    problem = undefined;
    await pass(100);
    expect(await added()).toHaveLength(1);
    await pass(MINUTE);
    expect(await added()).toHaveLength(2);
  });

  it('does nothing more after a stop', async () => {
    await put();
    await clock.start();
    clock.stop();
    clock.expect(NOW + 1);
    clock.stop();
    expect(vi.getTimerCount()).toBe(0);
    await pass(5 * MINUTE);
    expect(await added()).toEqual([]);
  });

  it('leaves a paused schedule alone', async () => {
    await put();
    await stores.schedules.put('nightly', (before) =>
      pauseSchedule(before ?? scheduleOf(), true, NOW),
    );
    await clock.start();
    await pass(5 * MINUTE);
    expect(await added()).toEqual([]);
  });
});

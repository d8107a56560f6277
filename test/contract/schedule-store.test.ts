/** What both stores of schedules promise: a run and the move of its schedule stand or fall together. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSchedule, pauseSchedule } from '../../src/schedule/schedule.ts';
import type { ScheduleSpec } from '../../src/schedule/schedule-spec.ts';
import { NOW, scheduleOf, specOf } from '../schedule/schedule-fixture.ts';
import { claimOne, newJob, settle } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const MINUTE = 60_000;

describe.each(BOTH)('schedules in the $name store', ({ open }) => {
  let stores: Stores;
  let schedules: Stores['schedules'];

  beforeEach(() => {
    stores = open();
    schedules = stores.schedules;
  });

  afterEach(() => stores.close());

  const put = (more: Partial<ScheduleSpec> = {}) =>
    schedules.put(more.name ?? 'nightly', () => scheduleOf(more));
  const request = (afterMs: number, name = 'nightly') => ({
    name,
    now: NOW + afterMs,
    jobOf: ({ payload, priority }: ScheduleSpec) => newJob({ payload, priority }),
  });
  const advance = async (afterMs: number, name = 'nightly') => {
    const advanced = await schedules.advance(request(afterMs, name));
    if (advanced === undefined) throw new Error(`no schedule ${name}`);
    return advanced;
  };
  const jobCount = async () => (await stores.jobs.list({ limit: 1_000 })).jobs.length;

  it('are kept as they are put, in the order of their names', async () => {
    const full = {
      ...createSchedule(specOf({ name: 'b', cron: '0 0 * * *', userId: 'ada' }), 'config', NOW),
      ...{ paused: true, pending: NOW + 1, lastRunAt: NOW + 2, jobs: ['1', '2'] },
    };
    await schedules.put('b', () => full);
    await put({ name: 'a' });
    expect(await schedules.get('b')).toEqual(full);
    expect(await schedules.list()).toEqual([scheduleOf({ name: 'a' }), full]);
    expect(await schedules.get('c')).toBeUndefined();
  });

  it('are changed by what was there, and not at all when that is refused', async () => {
    await put();
    await schedules.put('nightly', (before) => pauseSchedule(before ?? scheduleOf(), true, NOW));
    expect(await schedules.get('nightly')).toMatchObject({ paused: true, nextAt: null });
    const refused = schedules.put('nightly', () => {
      throw new Error('no');
    });
    await expect(refused).rejects.toThrow('no');
    expect(await schedules.get('nightly')).toMatchObject({ paused: true });
  });

  it('are removed once', async () => {
    await put();
    expect(await schedules.remove('nightly')).toBe(true);
    expect(await schedules.remove('nightly')).toBe(false);
    expect(await schedules.list()).toEqual([]);
    expect(await schedules.advance(request(MINUTE))).toBeUndefined();
    expect(await schedules.runNow(request(MINUTE))).toBeUndefined();
  });

  it('are due in the order of their deadlines; those that rest never are', async () => {
    expect(await schedules.nextDeadline()).toBeNull();
    await put({ name: 'b', every: 2 * MINUTE });
    await put({ name: 'a', every: 3 * MINUTE });
    await put({ name: 'off', enabled: false });
    expect(await schedules.nextDeadline()).toBe(NOW + 2 * MINUTE);
    expect(await schedules.due(NOW + 2 * MINUTE - 1)).toEqual([]);
    expect(await schedules.due(NOW + 2 * MINUTE)).toEqual(['b']);
    expect(await schedules.due(NOW + 3 * MINUTE)).toEqual(['b', 'a']);
  });

  it('add their job and move on together', async () => {
    await put({ priority: 7 });
    const { added, schedule, cancelled } = await advance(MINUTE);
    expect(added).toMatchObject([{ payload: '{"a":1}', priority: 7, state: 'queued' }]);
    const id = added[0]?.id ?? '';
    expect(await stores.jobs.get(id)).toMatchObject({ createdAt: NOW + MINUTE });
    expect(schedule).toMatchObject({
      ...{ cursor: NOW + MINUTE, nextAt: NOW + 2 * MINUTE },
      ...{ lastRunAt: NOW + MINUTE, jobs: [id] },
    });
    expect(await schedules.get('nightly')).toEqual(schedule);
    expect(cancelled).toEqual([]);
  });

  it('add it once, however many look at the same time', async () => {
    await put();
    await Promise.all([advance(MINUTE), advance(MINUTE), advance(MINUTE + 1)]);
    expect(await jobCount()).toBe(1);
  });

  it('do not move when their job cannot be made', async () => {
    await put();
    const broken = schedules.advance({
      ...request(MINUTE),
      jobOf: () => {
        throw new Error('too large');
      },
    });
    await expect(broken).rejects.toThrow('too large');
    expect(await schedules.get('nightly')).toEqual(scheduleOf());
    expect((await advance(MINUTE)).added).toHaveLength(1);
    expect(await jobCount()).toBe(1);
  });

  it('make up for what they missed in one go', async () => {
    await put({ missed: 'all', missedLimit: 3 });
    const { added, schedule } = await advance(100.5 * MINUTE);
    expect(added).toHaveLength(3);
    expect(schedule).toMatchObject({ cursor: NOW + 100 * MINUTE, jobs: [added[2]?.id] });
  });

  it('see whether the job before has ended', async () => {
    await put({ overlap: 'skip' });
    const [first] = (await advance(MINUTE)).added;
    expect((await advance(2 * MINUTE)).added).toEqual([]);
    await settle(stores.jobs, await claimOne(stores.jobs), 'succeeded');
    const [second] = (await advance(3 * MINUTE)).added;
    expect((await schedules.get('nightly'))?.jobs).toEqual([second?.id]);
    expect(first?.id).not.toBe(second?.id);
  });

  it('keep the run that waits until the job before has ended', async () => {
    await put({ overlap: 'queue' });
    await advance(MINUTE);
    expect((await advance(2 * MINUTE)).schedule.pending).toBe(NOW + 2 * MINUTE);
    expect((await advance(2.5 * MINUTE)).added).toEqual([]);
    await settle(stores.jobs, await claimOne(stores.jobs), 'succeeded');
    const { added, schedule } = await advance(2.6 * MINUTE);
    expect([added.length, schedule.pending]).toEqual([1, null]);
  });

  it('cancel the jobs before in the same breath', async () => {
    await put({ overlap: 'cancel-previous' });
    const [waiting] = (await advance(MINUTE)).added;
    const second = await advance(2 * MINUTE);
    expect(second.cancelled).toMatchObject([{ kind: 'cancelled' }]);
    expect((await stores.jobs.get(waiting?.id ?? ''))?.state).toBe('cancelled');
    const fence = await claimOne(stores.jobs);
    const third = await advance(3 * MINUTE);
    expect(third.cancelled).toMatchObject([{ kind: 'requested', fence: { id: fence.id } }]);
    expect(await stores.jobs.get(fence.id)).toMatchObject({ cancelRequested: true });
    expect(third.schedule.jobs).toEqual([fence.id, third.added[0]?.id]);
  });

  it('run besides their times without moving', async () => {
    await put({ overlap: 'skip' });
    const [first] = (await advance(MINUTE)).added;
    const ran = await schedules.runNow(request(1.5 * MINUTE));
    const id = ran?.added[0]?.id;
    expect(ran?.schedule).toMatchObject({
      ...{ cursor: NOW + MINUTE, nextAt: NOW + 2 * MINUTE },
      ...{ lastRunAt: NOW + 1.5 * MINUTE, jobs: [first?.id, id] },
    });
    expect((await advance(2 * MINUTE)).added).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { changeSchedule, pauseSchedule, watchedJobs } from '../../src/schedule/schedule.ts';
import { NOW, scheduleOf, specOf } from './schedule-fixture.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('a schedule that is changed', () => {
  it('keeps what is due when its times are the same', () => {
    const spec = specOf({ payload: '2' });
    const changed = changeSchedule(scheduleOf(), { spec, source: 'api', now: NOW + HOUR });
    expect(changed).toMatchObject({ spec, cursor: NOW, nextAt: NOW + MINUTE, createdAt: NOW });
  });

  it('owes nothing for the time before it had its new times', () => {
    const spec = specOf({ every: 2 * MINUTE });
    const changed = changeSchedule(scheduleOf(), { spec, source: 'api', now: NOW + HOUR });
    expect(changed).toMatchObject({ cursor: NOW + HOUR, nextAt: NOW + HOUR + 2 * MINUTE });
  });

  it('owes nothing for the time in which it was switched off', () => {
    const off = { ...scheduleOf(), spec: specOf({ enabled: false }) };
    const changed = changeSchedule(off, { spec: specOf(), source: 'config', now: NOW + HOUR });
    expect(changed).toMatchObject({ cursor: NOW + HOUR, source: 'config' });
  });

  it('never takes a settled slot back, though the clock was put back', () => {
    const ahead = { ...scheduleOf(), cursor: NOW + HOUR };
    const spec = specOf({ every: 2 * MINUTE });
    expect(changeSchedule(ahead, { spec, source: 'api', now: NOW }).cursor).toBe(NOW + HOUR);
  });

  it('lets go of a run that waits when runs no longer wait for each other', () => {
    const waiting = { ...scheduleOf({ overlap: 'queue' }), pending: NOW };
    const change = (overlap: 'queue' | 'skip') =>
      changeSchedule(waiting, { spec: specOf({ overlap }), source: 'api', now: NOW });
    expect(change('queue').pending).toBe(NOW);
    expect(change('skip').pending).toBeNull();
  });
});

describe('a pause', () => {
  it('has no next run, and what fell into it is not made up for', () => {
    const paused = pauseSchedule(scheduleOf(), true, NOW);
    expect(paused.nextAt).toBeNull();
    const resumed = pauseSchedule(paused, false, NOW + HOUR + 1);
    expect(resumed).toMatchObject({ cursor: NOW + HOUR + 1, nextAt: NOW + HOUR + MINUTE });
  });

  it('may come twice, and so may its end', () => {
    const schedule = scheduleOf();
    expect(pauseSchedule(schedule, false, NOW + HOUR)).toBe(schedule);
    const paused = pauseSchedule(schedule, true, NOW);
    expect(pauseSchedule(paused, true, NOW + HOUR)).toBe(paused);
  });
});

describe('the jobs that a schedule remembers', () => {
  it('are the unfinished ones and the last one', () => {
    const schedule = { ...scheduleOf({ overlap: 'skip' }), jobs: ['1', '2', '3'] };
    expect(watchedJobs(schedule, { unfinished: ['2'], added: ['4'] })).toEqual(['2', '4']);
    expect(watchedJobs(schedule, { unfinished: ['2'], added: [] })).toEqual(['2', '3']);
    expect(watchedJobs(schedule, { unfinished: [], added: [] })).toEqual(['3']);
  });

  it('are the last one alone where runs may overlap, and bounded where not', () => {
    const many = Array.from({ length: 300 }, (_, index) => String(index));
    const allow = { ...scheduleOf(), jobs: ['1'] };
    expect(watchedJobs(allow, { unfinished: [], added: ['2', '3'] })).toEqual(['3']);
    expect(watchedJobs(scheduleOf(), { unfinished: [], added: [] })).toEqual([]);
    const skip = scheduleOf({ overlap: 'queue' });
    expect(watchedJobs(skip, { unfinished: many, added: ['x'] })).toHaveLength(100);
  });
});

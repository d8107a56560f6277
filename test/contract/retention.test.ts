/** Retention over both stores, on a clock that the test moves. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RetentionSettings } from '../../src/config/settings.ts';
import { type KeptType, Retention } from '../../src/core/retention.ts';
import type { JobState } from '../../src/protocol/jobs.ts';
import { addOne, claimOne, endOfAttempt, judged, NOW, newJob } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const NONE: RetentionSettings = {
  ...{ succeededJobs: 0, succeededJobsCount: 0, failedJobs: 0, failedJobsCount: 0 },
  ...{ cancelledJobs: 0, cancelledJobsCount: 0, events: 0, eventsCount: 0 },
};
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Turns of the real event loop until it is so. */
async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await nextTurn();
  }
}

describe.each(BOTH)('retention over the $name store', ({ open }) => {
  let stores: Stores;
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    stores = open();
    onTestFinished(() => {
      stores.close();
      vi.useRealTimers();
    });
  });

  let asked: string[];
  /** How its timer stands after what was due is done. */
  let settled: () => Promise<void>;

  function keep(
    settings: Partial<RetentionSettings>,
    skip?: () => Promise<void>,
    types: readonly KeptType[] = [],
  ): Retention {
    asked = [];
    let running = 0;
    const spy = <F extends (...args: never[]) => Promise<unknown>>(name: string, call: F) =>
      (async (...args: never[]) => {
        asked.push(name);
        running += 1;
        return call(...args).finally(() => {
          running -= 1;
        });
      }) as unknown as F;
    const { jobs, log } = stores;
    const retention = new Retention({
      settings: { ...NONE, ...settings },
      store: {
        endedAfter: spy('endedAfter', jobs.endedAfter.bind(jobs)),
        removeEnded: spy('removeEnded', jobs.removeEnded.bind(jobs)),
        kept: spy('kept', jobs.kept.bind(jobs)),
      },
      events: {
        prune: spy('prune', log.prune.bind(log)),
        pruneType: spy('pruneType', log.pruneType.bind(log)),
        read: spy('read', log.read.bind(log)),
        oldest: () => log.oldest(),
        onAppended: (listener) => log.onAppended(listener),
      },
      types,
      skipReports: skip,
      log: pino({ level: 'silent' }),
      now: Date.now,
      nowMono: () => 0,
    });
    settled = async () => {
      await vi.advanceTimersByTimeAsync(0);
      let calm = 0;
      await until(() => {
        calm = running === 0 ? calm + 1 : 0;
        return calm > 20;
      }, 'it rests');
    };
    retention.start();
    onTestFinished(() => retention.stop());
    return retention;
  }

  async function pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
    await settled();
  }

  /** A job that ends now. */
  async function ended(state: 'succeeded' | 'failed' | 'cancelled' = 'succeeded') {
    const id = await addOne(stores.jobs);
    return end(id, state);
  }

  async function end(id: string, state: JobState): Promise<string> {
    const now = Date.now();
    if (state === 'cancelled') {
      await stores.jobs.cancel(id, now);
      return id;
    }
    const job = await claimOne(stores.jobs, { now });
    const outcome = state === 'succeeded' ? 'succeeded' : 'error';
    await stores.jobs.end([judged(endOfAttempt(job, outcome, { retryable: false }), { now })]);
    return job.id;
  }

  const isThere = async (id: string) => (await stores.jobs.get(id)) !== undefined;

  it('without bounds sets no timer and asks nothing', async () => {
    await ended();
    keep({});
    await ended();
    expect(vi.getTimerCount()).toBe(0);
    expect(asked).toEqual([]);
  });

  it('lets each state go at its own age', async () => {
    keep({ succeededJobs: DAY, failedJobs: 3 * DAY, cancelledJobs: 2 * DAY });
    const ids = [await ended('succeeded'), await ended('failed'), await ended('cancelled')];
    const there = async () => Promise.all(ids.map(isThere));
    await pass(DAY - 1);
    expect(await there()).toEqual([true, true, true]);
    await pass(60_001);
    expect(await there()).toEqual([false, true, true]);
    await pass(DAY);
    expect(await there()).toEqual([false, true, false]);
    await pass(DAY);
    expect(await there()).toEqual([false, false, false]);
  });

  it('sleeps without a look at the store until something is due, and for good when nothing is kept', async () => {
    await ended();
    keep({ succeededJobs: 30 * DAY });
    await settled();
    asked = [];
    await pass(30 * DAY - 1);
    expect(asked).toEqual([]);
    expect(vi.getTimerCount()).toBe(1);
    await pass(60_001);
    expect(await stores.jobs.kept()).toMatchObject({ succeeded: 0 });
    await pass(2 * DAY);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on after a restart with what came due meanwhile', async () => {
    const first = keep({ succeededJobs: DAY });
    const id = await ended();
    await first.stop();
    vi.setSystemTime(NOW + 2 * DAY);
    const younger = await ended();
    keep({ succeededJobs: DAY });
    await settled();
    expect(await isThere(id)).toBe(false);
    expect(await isThere(younger)).toBe(true);
    await pass(DAY + 60_000);
    expect(await isThere(younger)).toBe(false);
  });

  it('keeps so many of a state, and lets go of those that ended first', async () => {
    keep({ succeededJobsCount: 3 });
    // It was there before the others, and ends last but one.
    const early = await addOne(stores.jobs, { runAt: NOW + 5_000 });
    const others: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      others.push(await ended());
      vi.setSystemTime(Date.now() + 1);
    }
    const failed = await ended('failed');
    await stores.jobs.promote(NOW + 5_000, 10);
    expect(await end(early, 'succeeded')).toBe(early);
    vi.setSystemTime(Date.now() + 1);
    others.push(await ended());
    await pass(1_000);
    const there = await Promise.all(others.map(isThere));
    expect(there).toEqual([false, false, false, false, true, true]);
    expect(await isThere(early)).toBe(true);
    expect(await isThere(failed)).toBe(true);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  it('keeps what unfinished jobs depend on until they have ended', async () => {
    keep({ succeededJobs: HOUR });
    const parent = await ended();
    const [held] = await stores.jobs.add([newJob({ runAt: NOW + 10 * DAY })], NOW);
    const [child] = await stores.jobs.add(
      [newJob({ after: [parent, held?.job.id ?? ''] })],
      Date.now(),
    );
    await pass(2 * HOUR);
    expect(await isThere(parent)).toBe(true);
    asked = [];
    await pass(3 * HOUR);
    // Only the daily look through all of them, if any: nobody asks again and again.
    expect(asked.filter((name) => name === 'removeEnded').length).toBeLessThanOrEqual(3);
    await stores.jobs.cancel(child?.job.id ?? '', Date.now());
    await pass(60_000);
    expect(await isThere(parent)).toBe(false);
  });

  it('removes more than one page, in order or not', async () => {
    for (let n = 0; n < 130; n += 1) await ended();
    vi.setSystemTime(NOW + DAY);
    const young = await ended();
    keep({ succeededJobs: DAY });
    await settled();
    await until(async () => (await stores.jobs.kept()).succeeded === 1, 'all but one are gone');
    expect(await isThere(young)).toBe(true);
  });

  it('tries again a minute after the store refused', async () => {
    const id = await ended();
    const { jobs } = stores;
    const remove = vi
      .spyOn(jobs, 'removeEnded')
      .mockRejectedValueOnce(new Error('the disk is full'));
    vi.setSystemTime(NOW + 2 * DAY);
    keep({ succeededJobs: DAY });
    await settled();
    expect(await isThere(id)).toBe(true);
    await pass(60_000);
    expect(await isThere(id)).toBe(false);
    remove.mockRestore();
  });

  it('ends what it does at once when its time is over, and goes on with the rest', async () => {
    for (let n = 0; n < 20; n += 1) await ended();
    for (let n = 0; n < 20; n += 1)
      await stores.log.append([{ type: 'a', id: 'x', kind: 'event', data: '[]' }], Date.now());
    await stores.log.moveCursor('report', stores.log.top());
    const ids = (await stores.jobs.endedAfter({ state: 'succeeded', after: null, limit: 100 }))
      .ended;
    /** Time for so many pieces. */
    const timeFor = (pieces: number) => {
      let begun = 0;
      const slice = () => {
        begun += 1;
        let done = 0;
        return () => {
          done += 1;
          return done >= pieces;
        };
      };
      return { slice, begun: () => begun };
    };
    const some = timeFor(3);
    const named = ids.map(({ id }) => id);
    expect(await stores.jobs.removeEnded(named, some.slice)).toEqual({ looked: 3, removed: 3 });
    expect(await stores.jobs.removeEnded(named, timeFor(1).slice)).toMatchObject({ looked: 1 });
    expect(await stores.jobs.kept()).toMatchObject({ succeeded: 17 });
    const before = Date.now() + 1;
    const step = await stores.log.pruneType({
      type: 'a',
      before,
      limit: 500,
      slice: timeFor(2).slice,
    });
    expect(step).toMatchObject({ removed: 2, isDone: false });
    const pruned = await stores.log.prune({ before, limit: 500, slice: timeFor(2).slice });
    expect(pruned).toBeGreaterThan(0);
    expect(pruned).toBeLessThan(10);
    expect(some.begun()).toBe(1);
  });

  describe('of events of one type', () => {
    const publish = (type: string) =>
      stores.log.append([{ type, id: 'a', kind: 'event', data: '[]' }], Date.now());
    const kept = async () =>
      (await stores.log.read({ after: '0', limit: 100 })).map(({ type }) => type).join('');
    const type = (over: Partial<KeptType>) => [
      { name: 'a', retentionMs: null, retentionCount: null, ...over },
    ];

    it('lets them go at their own age, whatever the age of others and whoever reads reports', async () => {
      keep({ events: DAY }, undefined, type({ retentionMs: HOUR }));
      await publish('a');
      await publish('b');
      await pass(HOUR / 2);
      await publish('a');
      expect(await kept()).toBe('aba');
      await pass(HOUR / 2 + 60_000);
      expect(await kept()).toBe('ba');
      await pass(HOUR);
      expect(await kept()).toBe('b');
    });

    it('keeps so many of them, also of those that came before it was told so', async () => {
      for (const name of 'aabaa') await publish(name);
      keep({}, undefined, type({ retentionCount: 2 }));
      await settled();
      expect(await kept()).toBe('baa');
      for (const name of 'aba') await publish(name);
      await pass(1_000);
      expect(await kept()).toBe('baba');
    });

    it('sleeps while nothing of the type is there, and sets no timer for others', async () => {
      keep({}, undefined, type({ retentionMs: HOUR }));
      await settled();
      asked.length = 0;
      await publish('b');
      await pass(2 * HOUR);
      expect(asked).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
      keep({ events: 0 }, undefined, type({}));
      expect(vi.getTimerCount()).toBe(0);
    });
  });

  describe('of events', () => {
    const publish = () =>
      stores.log.append([{ type: 'issueUpdate', id: 'a', kind: 'event', data: '[]' }], Date.now());

    it('lets them go at their age, but none that a report waits for', async () => {
      keep({ events: DAY });
      await publish();
      await pass(2 * DAY);
      expect(stores.log.oldest()).toBe('1');
      await publish();
      await stores.log.moveCursor('report', '1');
      await pass(60_000);
      expect(stores.log.oldest()).toBe('2');
    });

    it('moves the cursor on where nobody hears of reports', async () => {
      keep({ events: DAY }, () => stores.log.moveCursor('report', stores.log.top()));
      await publish();
      await pass(DAY + 100_000);
      expect(stores.log.oldest()).toBe('0');
      await pass(DAY);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('keeps so many', async () => {
      keep({ eventsCount: 2 }, () => stores.log.moveCursor('report', stores.log.top()));
      for (let n = 0; n < 5; n += 1) await publish();
      await pass(1_000);
      expect(stores.log.oldest()).toBe('4');
    });
  });
});

/** What is asked about queues beyond counts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_LINES_SEEN } from '../../src/queue/queue-stats.ts';
import { addOne, claimOne, MAIL, NOW, newJob, settle, startOne } from './job-fixture.ts';
import { BOTH, openSqliteStores, type Stores } from './stores.ts';

const LATER = NOW + 60_000;

describe.each(BOTH)('the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: Stores['jobs'];
  let stats: Stores['stats'];

  beforeEach(() => {
    stores = open();
    ({ jobs, stats } = stores);
  });

  afterEach(() => stores.close());

  async function oldest(queue = 'default') {
    return (await stats.oldestQueued()).get(queue);
  }

  describe('the oldest queued job of a queue', () => {
    it('is nobody where nothing is queued', async () => {
      await startOne(jobs);
      await addOne(jobs, { runAt: LATER });
      expect(await stats.oldestQueued()).toEqual(new Map());
    });

    it('waits since its add, whatever its type, group and priority', async () => {
      const id = await addOne(jobs, { type: 'scan', group: 'acme', priority: -5 });
      await jobs.add([newJob({ priority: 5 }), newJob()], LATER);
      await jobs.add([newJob({ queue: 'slow' })], LATER + 1);
      expect(await oldest()).toEqual({ id, since: NOW, isExact: true });
      expect(await oldest('slow')).toMatchObject({ since: LATER + 1 });
    });

    it('waits since its time came, though it was added before', async () => {
      await addOne(jobs, { runAt: NOW + 5_000 });
      const [second] = await jobs.add([newJob()], NOW + 2_000);
      await jobs.promote(LATER, 10);
      expect(await oldest()).toMatchObject({ id: second?.job.id, since: NOW + 2_000 });
    });

    it('waits since it came back, and one behind it may wait longer', async () => {
      const back = await startOne(jobs);
      const id = await addOne(jobs);
      await settle(jobs, back, 'interrupted');
      expect(await oldest()).toEqual({ id, since: NOW, isExact: true });
      await claimOne(jobs);
      await claimOne(jobs);
      expect(await oldest()).toBeUndefined();
    });
  });

  describe('what goes before a job', () => {
    it('is of higher priority, or the same and older; in the lanes that are asked about', async () => {
      await addOne(jobs, { priority: 1 });
      await addOne(jobs);
      await addOne(jobs, { type: 'scan' });
      const id = await addOne(jobs);
      await addOne(jobs);
      await addOne(jobs, { priority: -1 });
      const place = { id, priority: 0 };
      expect(await stats.countAhead([MAIL], place, 100)).toBe(2);
      expect(await stats.countAhead([MAIL, { ...MAIL, type: 'scan' }], place, 100)).toBe(3);
      expect(await stats.countAhead([{ ...MAIL, group: 'acme' }], place, 100)).toBe(0);
    });

    it('is counted up to a bound', async () => {
      for (let n = 0; n < 5; n += 1) await addOne(jobs);
      const id = await addOne(jobs);
      expect(await stats.countAhead([MAIL], { id, priority: 0 }, 3)).toBe(3);
    });
  });

  it('the window of a unique key is told by the job that has it', async () => {
    const unique = { policy: 'throttle', windowMs: 9_000, delayMs: 0, maxWaitMs: null } as const;
    const [held] = await jobs.add([newJob({ uniqueKey: 'k', unique })], NOW);
    const [free] = await jobs.add([newJob({ uniqueKey: 'other' })], NOW);
    expect(held && (await stats.uniqueUntil(held.job))).toBe(NOW + 9_000);
    expect(free && (await stats.uniqueUntil(free.job))).toBeNull();
  });
});

it('says that it did not look at all where there are too many lines', async () => {
  const { jobs, stats, close } = openSqliteStores();
  const groups = Array.from({ length: MAX_LINES_SEEN + 1 }, (_, n) => newJob({ group: `g${n}` }));
  await jobs.add(groups, NOW);
  expect((await stats.oldestQueued()).get('default')).toMatchObject({ since: NOW, isExact: false });
  close();
});

/** What the store answers about jobs: one, its attempts, lists and counts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JOB_STATES, type JobState } from '../../src/protocol/jobs.ts';
import type { ListFilter } from '../../src/queue/job-store.ts';
import {
  addOne,
  busyQueues,
  claiming,
  claimOne,
  jobIn,
  LONE_STATES,
  MAIL,
  NOW,
  newJob,
  settle,
  startOne,
} from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

describe.each(BOTH)('the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: Stores['jobs'];

  beforeEach(() => {
    stores = open();
    jobs = stores.jobs;
  });

  afterEach(() => stores.close());

  /** One job in each state, queued last: the others had to be claimed first. */
  async function oneOfEach(): Promise<Record<string, string>> {
    const order = [...LONE_STATES.filter((state) => state !== 'queued'), 'queued'] as const;
    const ids: Record<string, string> = {};
    for (const state of order) ids[state] = await jobIn(jobs, state);
    return ids;
  }

  async function ids(filter: Partial<ListFilter> = {}): Promise<readonly string[]> {
    const page = await jobs.list({ limit: 100, ...filter });
    return page.jobs.map(({ id }) => id);
  }

  describe('lists', () => {
    it('newest first, finished and unfinished alike', async () => {
      const made = await oneOfEach();
      expect(await ids()).toEqual(Object.values(made).reverse());
    });

    it.each(LONE_STATES)('only what is %s, if asked for', async (state: JobState) => {
      const made = await oneOfEach();
      expect(await ids({ state })).toEqual([made[state]]);
    });

    it('by type, queue and user, each and together', async () => {
      const a = await addOne(jobs, { type: 'scan', userId: 'u1' });
      const b = await addOne(jobs, { queue: 'slow', userId: 'u1' });
      const { id: c } = await startOne(jobs, { type: 'scan', queue: 'slow' });
      await settle(jobs, { id: c, attempt: 1 }, 'succeeded');
      expect(await ids({ type: 'scan' })).toEqual([c, a]);
      expect(await ids({ queue: 'slow' })).toEqual([c, b]);
      expect(await ids({ userId: 'u1' })).toEqual([b, a]);
      expect(await ids({ type: 'scan', queue: 'slow', state: 'succeeded' })).toEqual([c]);
      expect(await ids({ type: 'scan', userId: 'u2' })).toEqual([]);
    });

    it.each([undefined, 'failed'] as const)(
      'page after page without gap or repeat (state %s)',
      async (state) => {
        const made: string[] = [];
        for (let n = 0; n < 7; n += 1) {
          const id = await jobIn(jobs, n % 2 === 0 || state === 'failed' ? 'failed' : 'scheduled');
          made.unshift(id);
        }
        const seen: string[][] = [];
        let cursor: string | undefined;
        do {
          const page = await jobs.list({ limit: 3, state, cursor });
          seen.push(page.jobs.map(({ id }) => id));
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        expect(seen.map((page) => page.length)).toEqual([3, 3, 1]);
        expect(seen.flat()).toEqual(made);
      },
    );

    it('no next page when the last one is just full', async () => {
      await jobs.add([newJob(), newJob()], NOW);
      expect((await jobs.list({ limit: 2 })).next).toBeNull();
    });

    it('nothing after a cursor that it never gave', async () => {
      await addOne(jobs);
      expect(await jobs.list({ limit: 2, cursor: 'x' })).toEqual({ jobs: [], next: null });
    });
  });

  it('shows the same of a job in a list as alone', async () => {
    for (const id of Object.values(await oneOfEach())) {
      const { jobs: listed } = await jobs.list({ limit: 100 });
      expect(listed.find((job) => job.id === id)).toEqual(await jobs.get(id));
    }
  });

  describe('tells the attempts of a job', () => {
    it('with everything their ends said, the running one last', async () => {
      const first = await startOne(jobs);
      await settle(jobs, first, 'error', { cpuMs: 1.5, peakBytes: 2, exitCode: 3 });
      await jobs.promote(NOW + 10_000, 1);
      await claimOne(jobs, { executor: 'e2', now: NOW + 11_000 });
      const nothing = { error: null, cpuMs: null, peakBytes: null, exitCode: null };
      expect(await jobs.attempts(first.id)).toEqual([
        {
          ...{ attempt: 1, outcome: 'error', executor: 'e1', durationMs: 12.5 },
          ...{
            startedAt: NOW + 1_000,
            endedAt: NOW + 2_000,
            cpuMs: 1.5,
            peakBytes: 2,
            exitCode: 3,
          },
          error: { name: 'Error', message: 'it was error', stack: 'Error\n    at x' },
        },
        {
          ...{ attempt: 2, outcome: 'running', executor: 'e2', durationMs: null, ...nothing },
          ...{ startedAt: NOW + 11_000, endedAt: null },
        },
      ]);
    });

    it('of which a waiting job has none, and an unknown one neither', async () => {
      expect(await jobs.attempts(await addOne(jobs))).toEqual([]);
      expect(await jobs.attempts('999')).toEqual([]);
    });
  });

  describe('counts', () => {
    it('one job of each state', async () => {
      await oneOfEach();
      const ones = { waiting: 0, ...Object.fromEntries(LONE_STATES.map((state) => [state, 1])) };
      expect(await jobs.totals()).toEqual(ones);
    });

    it('nothing in a new database', async () => {
      const zeros = Object.fromEntries(JOB_STATES.map((state) => [state, 0]));
      expect(await jobs.totals()).toEqual(zeros);
      expect(await jobs.queues()).toEqual([{ name: 'default', mode: 'open', counts: {} }]);
    });

    it('an end for ever, even if the job starts over', async () => {
      const id = await jobIn(jobs, 'failed');
      await jobs.retry(id, NOW);
      expect(await jobs.totals()).toMatchObject({ failed: 1, queued: 1 });
    });

    it('by queue, in the order of their names', async () => {
      await addOne(jobs, { queue: 'slow' });
      await addOne(jobs, { queue: 'fast' });
      await startOne(jobs);
      await addOne(jobs, { runAt: NOW + 1 });
      expect(busyQueues(await jobs.queues())).toEqual([
        { name: 'default', mode: 'open', counts: { running: 1, scheduled: 1 } },
        { name: 'fast', mode: 'open', counts: { queued: 1 } },
        { name: 'slow', mode: 'open', counts: { queued: 1 } },
      ]);
    });
  });

  it('names each lane that holds a queued job once', async () => {
    const a = { queue: 'default', type: 'scan', group: null };
    const b = { queue: 'slow', type: 'mail', group: 'acme' };
    await jobs.add(
      [MAIL, a, a, b, MAIL, b].map((lane) => newJob(lane)),
      NOW,
    );
    await addOne(jobs, { queue: 'later', runAt: NOW + 1 });
    const lanes = await jobs.lanes();
    expect(lanes).toHaveLength(3);
    expect(lanes).toEqual(expect.arrayContaining([MAIL, a, b]));
    await jobs.claim(claiming({ lanes: [MAIL] }));
    expect(await jobs.lanes()).not.toContainEqual(MAIL);
  });

  it('never gives an id twice', async () => {
    const first = await jobIn(jobs, 'succeeded');
    const second = await jobIn(jobs, 'queued');
    await jobs.cancel(second, NOW);
    expect([first, second]).not.toContain(await addOne(jobs));
  });
});

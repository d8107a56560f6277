/** What limits and groups do to claims, in either store. */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Lane, NewJob } from '../../src/queue/job.ts';
import type { ClaimRequest, JobStore } from '../../src/queue/job-store.ts';
import {
  claiming,
  claimOne,
  MAIL,
  NOW,
  newJob,
  rules,
  type StatedLimits,
  settle,
} from './job-fixture.ts';
import { BOTH } from './stores.ts';

const SLOW: Lane = { ...MAIL, queue: 'slow' };
const SCAN: Lane = { ...MAIL, type: 'scan' };
const RATE = { count: 2, perMs: 60_000 };

function of(group: string): Lane {
  return { ...MAIL, group };
}

describe.each(BOTH)('limits in the $name store', ({ open }) => {
  let jobs: JobStore;
  beforeEach(() => {
    const stores = open();
    onTestFinished(() => stores.close());
    jobs = stores.jobs;
  });

  function add(lane: Partial<NewJob>, count = 1) {
    return jobs.add(
      Array.from({ length: count }, () => newJob(lane)),
      NOW,
    );
  }

  function claim(lanes: readonly Lane[], stated: StatedLimits, over: Partial<ClaimRequest> = {}) {
    return jobs.claim(claiming({ lanes, limits: rules(stated), ...over }));
  }

  it('hold over all types of a queue, and over all queues of a type', async () => {
    await add(MAIL, 3);
    await add(SCAN, 3);
    await add(SLOW, 3);
    const lanes = [MAIL, SCAN, SLOW];
    const queue = { default: { concurrency: 4 } };
    const { jobs: got } = await claim(lanes, { queue, type: { mail: { concurrency: 2 } } });
    expect(got.map((job) => `${job.queue} ${job.type}`).sort()).toEqual([
      ...['default mail', 'default mail', 'default scan', 'default scan'],
    ]);
  });

  it('are not exceeded by several claims of one transaction', async () => {
    await add(MAIL, 9);
    const limits = { type: { mail: { concurrency: 2 } } };
    const claims = ['e1', 'e2', 'e3'].map((executor) => claim([MAIL], limits, { executor }));
    const answers = await Promise.all(claims);
    expect(answers.map((answer) => answer.jobs.length)).toEqual([2, 0, 0]);
    expect(answers[2]?.heldLanes).toEqual([{ lane: MAIL, key: 'type mail', until: null }]);
  });

  it('have room again in the transaction of the end', async () => {
    await add(MAIL, 2);
    const limits = { type: { mail: { concurrency: 1 } } };
    const first = await claimOne(jobs, { limits: rules(limits) });
    const [, second] = await Promise.all([settle(jobs, first, 'succeeded'), claim([MAIL], limits)]);
    expect(second.jobs).toHaveLength(1);
  });

  it.each(['error', 'crash', 'interrupted', 'cancelled'] as const)(
    'have room again when an attempt ends as %s, whatever becomes of the job',
    async (outcome) => {
      await add(MAIL, 2);
      const limits = { queue: { default: { concurrency: 1 } } };
      await settle(jobs, await claimOne(jobs, { limits: rules(limits) }), outcome);
      expect((await claim([MAIL], limits)).jobs).toHaveLength(1);
      expect((await claim([MAIL], limits)).jobs).toHaveLength(0);
    },
  );

  it('count an end whose fence is not the current one for nothing', async () => {
    await add(MAIL, 2);
    const limits = { type: { mail: { concurrency: 1 } } };
    const job = await claimOne(jobs, { limits: rules(limits) });
    await settle(jobs, { ...job, attempt: 7 }, 'succeeded');
    expect((await claim([MAIL], limits)).jobs).toEqual([]);
  });

  it('hold for each group by itself', async () => {
    for (const lane of [of('acme'), of('brown'), MAIL]) await add(lane, 3);
    const lanes = [of('acme'), of('brown'), MAIL];
    const limits = { queue: { default: { groupConcurrency: 1 } } };
    const { jobs: got, heldLanes } = await claim(lanes, limits);
    expect(got.map(({ group }) => group)).toEqual(['acme', 'brown', null, null, null]);
    expect(heldLanes.map(({ key }) => key)).toEqual([
      ...['queue default group acme', 'queue default group brown'],
    ]);
  });

  describe('of a rate', () => {
    const limits = { type: { mail: { rate: RATE } } };

    it('let through what the bucket holds, and one more with each token', async () => {
      await add(MAIL, 5);
      const { jobs: first, heldLanes } = await claim([MAIL], limits, { now: NOW });
      expect(first).toHaveLength(2);
      expect(heldLanes).toEqual([{ lane: MAIL, key: 'type mail', until: NOW + 30_000 }]);
      expect((await claim([MAIL], limits, { now: NOW + 29_999 })).jobs).toHaveLength(0);
      expect((await claim([MAIL], limits, { now: NOW + 30_000 })).jobs).toHaveLength(1);
      expect((await claim([MAIL], limits, { now: NOW + 600_000 })).jobs).toHaveLength(2);
    });

    it('give no token back for an attempt that comes back uncharged', async () => {
      await add(MAIL, 3);
      const { jobs: got } = await claim([MAIL], limits, { now: NOW });
      for (const job of got) await settle(jobs, job, 'interrupted');
      expect((await claim([MAIL], limits, { now: NOW + 1_000 })).jobs).toHaveLength(0);
    });

    it('take nothing for a claim that is undone with its transaction', async () => {
      await add(MAIL, 2);
      const bad = newJob({ priority: 0.5 });
      const [claimed, added] = await Promise.allSettled([
        claim([MAIL], limits, { now: NOW, limit: 1 }),
        jobs.add([bad], NOW),
      ]);
      expect([claimed.status, added.status]).toEqual(['fulfilled', 'rejected']);
      expect((await claim([MAIL], limits, { now: NOW })).jobs).toHaveLength(1);
      // Nor does it count as running twice.
      await add(MAIL, 2);
      const three = { type: { mail: { concurrency: 3 } } };
      expect((await claim([MAIL], three, { now: NOW })).jobs).toHaveLength(1);
    });

    it('go on when the clock goes back', async () => {
      await add(MAIL, 4);
      await claim([MAIL], limits, { now: NOW });
      const back = NOW - 3_600_000;
      const { heldLanes } = await claim([MAIL], limits, { now: back });
      expect(heldLanes[0]?.until).toBe(back + 30_000);
      expect((await claim([MAIL], limits, { now: back + 30_000 })).jobs).toHaveLength(1);
    });
  });

  it('say which of them hold a lane', async () => {
    await add(of('acme'), 3);
    const stated = {
      queue: { default: { concurrency: 1 } },
      type: { mail: { groupRate: { count: 1, perMs: 5_000 } } },
    };
    expect(await jobs.blocksOf(of('acme'), rules(stated), NOW)).toEqual([]);
    await claim([of('acme')], stated, { now: NOW });
    expect(await jobs.blocksOf(of('acme'), rules(stated), NOW)).toEqual([
      { key: 'queue default', kind: 'concurrency', limit: '1', until: null },
      { key: 'type mail group acme', kind: 'rate', limit: '1 in 5000 ms', until: NOW + 5_000 },
    ]);
    expect(await jobs.blocksOf(SLOW, rules(stated), NOW)).toEqual([]);
  });

  it('leave a job that waits for its time or its retry alone', async () => {
    await add({ ...MAIL, runAt: NOW + 60_000 }, 2);
    await add(MAIL);
    const limits = { type: { mail: { concurrency: 1, rate: { count: 1, perMs: 1_000 } } } };
    await settle(jobs, await claimOne(jobs, { limits: rules(limits), now: NOW }), 'error');
    expect(await jobs.blocksOf(MAIL, rules(limits), NOW + 1_000)).toEqual([]);
  });
});

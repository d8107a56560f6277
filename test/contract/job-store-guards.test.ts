/** Adds that may be repeated: done once, answered alike. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GUARD_LIFETIME_MS } from '../../src/queue/job-store.ts';
import { claimOne, NOW, newJob, rowsOf } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const GUARD = { key: 'k1', fingerprint: 'f1' };

describe.each(BOTH)('an add with a guard in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: Stores['jobs'];

  beforeEach(() => {
    stores = open();
    jobs = stores.jobs;
  });

  afterEach(() => stores.close());

  async function addOnce(guard = GUARD, now = NOW) {
    const outcomes = await jobs.addOnce([newJob({}), newJob({ uniqueKey: 'u' })], guard, now);
    return outcomes === 'other-jobs' ? outcomes : outcomes.map(({ job }) => job.id);
  }

  it('adds once, however often it is repeated', async () => {
    const first = await addOnce();
    expect(await addOnce()).toEqual(first);
    expect(await rowsOf(stores)).toHaveLength(2);
  });

  it('is answered with the jobs as they are now', async () => {
    await addOnce();
    await claimOne(jobs);
    const repeated = await jobs.addOnce([newJob({})], GUARD, NOW);
    expect(repeated).toMatchObject([{ job: { state: 'running' } }, { job: { state: 'queued' } }]);
  });

  it('is answered alike about a unique key that was taken the first time', async () => {
    await jobs.add([newJob({ uniqueKey: 'u' })], NOW);
    const duplicates = async () => {
      const outcomes = await jobs.addOnce([newJob({ uniqueKey: 'u' })], GUARD, NOW);
      return outcomes === 'other-jobs' ? outcomes : outcomes.map(({ duplicate }) => duplicate);
    };
    expect(await duplicates()).toEqual([true]);
    expect(await duplicates()).toEqual([true]);
  });

  it('adds again under another key', async () => {
    const first = await jobs.addOnce([newJob({})], GUARD, NOW);
    const second = await jobs.addOnce([newJob({})], { ...GUARD, key: 'k2' }, NOW);
    expect(first).not.toEqual(second);
  });

  it('adds nothing when the key was used for other jobs', async () => {
    await addOnce();
    expect(await addOnce({ ...GUARD, fingerprint: 'f2' })).toBe('other-jobs');
    expect(await rowsOf(stores)).toHaveLength(2);
  });

  it('forgets a key after its day', async () => {
    const first = await jobs.addOnce([newJob({})], GUARD, NOW);
    const later = NOW + GUARD_LIFETIME_MS + 1;
    await jobs.addOnce([newJob({})], { ...GUARD, key: 'k2' }, later);
    expect(await jobs.addOnce([newJob({})], GUARD, later)).not.toEqual(first);
  });
});

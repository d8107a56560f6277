/** Durability on its way through the core: what the answer says, and what the store is asked for. */
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { SqliteJobStore } from '../../src/queue/sqlite/sqlite-job-store.ts';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';
import { ScriptedExecutor } from './scripted-executor.ts';

const { current, executor, adopt } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

/** The durability of each claim that got something, and of each end. */
function watch() {
  const claim = vi.spyOn(SqliteJobStore.prototype, 'claim');
  const end = vi.spyOn(SqliteJobStore.prototype, 'end');
  onTestFinished(() => void vi.restoreAllMocks());
  return {
    claims: async () => {
      const answers = await Promise.all(claim.mock.results.map(({ value }) => value));
      return claim.mock.calls.flatMap(([request], n) =>
        answers[n].jobs.length === 0 ? [] : [request.durability],
      );
    },
    ends: () => end.mock.calls.flatMap(([ends]) => ends.map(({ durability }) => durability)),
  };
}

describe('a job for os', () => {
  it('is acknowledged as such, and neither its claim nor its end waits for the disk', async () => {
    const asked = watch();
    const one = await executor();
    const added = await core.add('mail', { durability: 'os' });
    expect(added.durability).toBe('os');
    const [run] = await one.runs(1);
    if (run) one.end(run);
    expect(await core.ended(added.id)).toMatchObject({ state: 'succeeded', durability: 'os' });
    expect(await asked.claims()).toEqual(['os']);
    expect(asked.ends()).toEqual(['os']);
  });

  it('is on disk as claimed when it runs on another machine, which outlives a power cut of this one', async () => {
    const asked = watch();
    const one = new ScriptedExecutor(core.socketPath);
    adopt(one);
    await one.open();
    one.say({ ...one.hello(), process: null });
    await core.add('mail', { durability: 'os' });
    await one.runs(1);
    expect(await asked.claims()).toEqual(['disk']);
  });

  it('is claimed like the others of its lane', async () => {
    const asked = watch();
    await core.add('mail', { durability: 'os' });
    await core.add('mail');
    const one = await executor();
    const runs = await one.runs(2);
    for (const run of runs) one.end(run);
    await expect.poll(() => asked.ends().length).toBe(2);
    expect(asked.ends().sort()).toEqual(['disk', 'os']);
    expect(new Set(await asked.claims())).toEqual(new Set(['disk']));
  });
});

it('a job that says nothing is on disk when it is acknowledged', async () => {
  const asked = watch();
  const one = await executor();
  const added = await core.add('mail');
  expect(added.durability).toBe('disk');
  const [run] = await one.runs(1);
  if (run) one.end(run);
  await core.ended(added.id);
  expect([await asked.claims(), asked.ends()]).toEqual([['disk'], ['disk']]);
});

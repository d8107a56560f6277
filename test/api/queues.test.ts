import { afterEach, beforeEach, expect, test } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start();
  core.knowType('mail');
});
afterEach(() => core.dispose());

test('queues are counted by state, and those that are paused are shown though they are empty', async () => {
  await core.post('/v1/jobs', [
    { type: 'mail' },
    { type: 'mail', queue: 'fast' },
    { type: 'mail', queue: 'fast', delayMs: 60_000 },
  ]);
  expect(await core.post('/v1/queues/night/pause')).toMatchObject({
    status: 200,
    body: { name: 'night', paused: true },
  });
  const { queues } = (await core.get('/v1/queues')).body;
  const none = { scheduled: 0, queued: 0, running: 0, retrying: 0 };
  expect(
    queues.toSorted((a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)),
  ).toEqual([
    { name: 'default', paused: false, jobs: { ...none, queued: 1 } },
    { name: 'fast', paused: false, jobs: { ...none, queued: 1, scheduled: 1 } },
    { name: 'night', paused: true, jobs: none },
  ]);
});

test('pause and resume may come twice', async () => {
  for (const _ of [1, 2]) expect((await core.post('/v1/queues/fast/pause')).body.paused).toBe(true);
  for (const _ of [1, 2])
    expect((await core.post('/v1/queues/fast/resume')).body.paused).toBe(false);
});

test('a name that no queue can have is refused', async () => {
  for (const name of ['a%20b', '%2e%2e%2f', 'x'.repeat(101)]) {
    expect(await core.post(`/v1/queues/${name}/pause`)).toMatchObject({
      status: 400,
      body: { code: 'E_INVALID_REQUEST' },
    });
  }
});

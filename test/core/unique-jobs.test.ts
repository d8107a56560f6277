/** Unique keys in an awake core: what was replaced, put off or follows comes to run by itself. */
import { beforeEach, expect, it } from 'vitest';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';

const { current, executor, startOne } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

const again = { key: 'k', policy: 'run-again' } as const;

it('what was added while the job ran runs once when it has ended, in the lane of its own', async () => {
  const one = await executor();
  const running = await startOne(one, { unique: again, payload: 1 });
  for (const payload of [2, 3]) {
    const answer = await core.add('mail', { unique: again, payload, queue: 'other' });
    expect(answer).toMatchObject({ id: running.id, duplicate: true, unique: 'follows' });
  }
  one.end(running);
  const [, follower] = await one.runs(2);
  expect(follower).toMatchObject({ payload: 3, queue: 'other', attempt: 1 });
  if (follower) one.end(follower);
  expect(await core.ended(follower?.id ?? '')).toMatchObject({ state: 'succeeded' });
  expect(one.assigned).toHaveLength(2);
});

it('what follows with a quiet time runs when that is over', async () => {
  const one = await executor();
  const running = await startOne(one, { unique: again });
  const debounce = { key: 'k', policy: 'debounce' };
  await core.add('mail', { unique: debounce, delayMs: 30, payload: 2 });
  one.end(running);
  expect((await one.runs(2))[1]).toMatchObject({ payload: 2 });
});

it('what follows a job runs also when that is cancelled', async () => {
  const one = await executor();
  const running = await startOne(one, { unique: again });
  await core.add('mail', { unique: again, payload: 2 });
  await core.post(`/v1/jobs/${running.id}/cancel`);
  one.end({ ...running, outcome: 'cancelled' });
  expect((await one.runs(2))[1]).toMatchObject({ payload: 2 });
});

it('a job that is replaced runs in its new lane, at its new time', async () => {
  const later = { unique: { key: 'k' }, delayMs: 3_600_000 };
  const { id } = await core.add('mail', later);
  const one = await executor();
  const replace = { unique: { key: 'k', policy: 'replace' }, queue: 'other', payload: 2 };
  expect(await core.add('mail', replace)).toMatchObject({ id, unique: 'replaced' });
  expect((await one.runs(1))[0]).toMatchObject({ id, payload: 2, queue: 'other' });
});

it('a job that was put off as often as it may be runs at once', async () => {
  const one = await executor();
  const unique = { key: 'k', policy: 'debounce', maxWaitMs: 1 };
  const { id } = await core.add('mail', { unique: { key: 'k' }, delayMs: 3_600_000 });
  // So that more than the longest wait has passed.
  const { createdAt } = await core.job(id);
  await expect.poll(() => Date.now() - Date.parse(createdAt)).toBeGreaterThan(1);
  const answer = await core.add('mail', { unique, delayMs: 3_600_000 });
  expect(answer).toMatchObject({ unique: 'postponed', state: 'queued' });
  expect((await one.runs(1))[0]).toMatchObject({ id });
});

it('a repeated request is answered alike, and a refused one names the job that holds the key', async () => {
  const { id } = await core.add('mail', { uniqueKey: 'k' });
  const refused = await core.post('/v1/jobs', {
    type: 'mail',
    unique: { key: 'k', policy: 'reject' },
  });
  expect(refused).toMatchObject({ status: 409, body: { code: 'E_CONFLICT' } });
  expect(refused.body.title).toContain(`job ${id}`);
});

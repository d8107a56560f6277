import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcomes, Site } from './daemon.ts';

const site = new Site();
beforeAll(async () => void (await site.up()));
afterAll(() => site.dispose());

test('queues a failed job again, whose attempts go on counting', async () => {
  const { id } = await site.api.add('flaky', { until: 2 }, { retries: 0 });
  expect(await site.api.wait(id)).toMatchObject({ state: 'failed' });
  expect(await site.json('job', 'retry', id)).toMatchObject({ id, reason: null, endedAt: null });
  const job = await site.api.wait(id);
  expect(job).toMatchObject({ state: 'succeeded', result: 2, error: null });
  expect(outcomes(job)).toEqual(['error', 'succeeded']);
});

test('queues a cancelled job again', async () => {
  const { id } = await site.api.add('echo', 1, { delayMs: 60_000 });
  await site.api.cancel(id);
  await site.run(['job', 'retry', id]);
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded', result: 1 });
});

test('refuses a job that succeeded, and one whose unique key is taken', async () => {
  const { id } = await site.api.add('echo');
  await site.api.wait(id);
  expect(await site.refusal(['job', 'retry', id])).toMatchObject({
    exitCode: 65,
    code: 'E_CONFLICT',
  });
  const failed = await site.api.add('flaky', { until: 9 }, { retries: 0, uniqueKey: 'k' });
  await site.api.wait(failed.id);
  const holder = await site.api.add('flaky', {}, { uniqueKey: 'k', delayMs: 60_000 });
  expect(await site.refusal(['job', 'retry', failed.id])).toMatchObject({
    code: 'E_CONFLICT',
    message: expect.stringContaining(`job ${holder.id} has its unique key`),
  });
});

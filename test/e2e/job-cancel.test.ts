import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcomes, Site, until } from './daemon.ts';

const site = new Site();
beforeAll(async () => void (await site.up()));
afterAll(() => site.dispose());

async function running(type: string): Promise<string> {
  const { id } = await site.api.add(type, { file: 'never' });
  await until(
    () => site.lines(`${type}.trace`).some((line) => line.startsWith(`start ${id} `)),
    'it runs',
  );
  return id;
}

test('a scheduled job is cancelled at once and never runs', async () => {
  const { id } = await site.api.add('note', { name: 'scheduled' }, { delayMs: 60_000 });
  expect(await site.json('job', 'cancel', id)).toMatchObject({ state: 'cancelled', attempts: [] });
});

test('a queued job is cancelled at once and never runs', async () => {
  await site.api.pauseQueue('held');
  const { id } = await site.api.add('note', { name: 'queued' }, { queue: 'held' });
  expect((await site.run(['job', 'cancel', id])).stdout).toBe(`job ${id} (note) is cancelled\n`);
  await site.api.resumeQueue('held');
  const after = await site.api.add('note', { name: 'after' }, { queue: 'held' });
  await site.api.wait(after.id);
  expect(site.lines('order.trace')).toEqual(['after']);
});

test('a retrying job is cancelled before its next attempt', async () => {
  const { id } = await site.api.add('flaky', { until: 9 }, { retries: 1_000 });
  await until(async () => (await site.api.get(id)).attempt >= 1, 'it has started once');
  await site.api.cancel(id);
  expect(await site.api.wait(id)).toMatchObject({ state: 'cancelled' });
});

test('a running module is told by its signal, and the reason says that it was cancelled', async () => {
  const id = await running('gate');
  await site.run(['job', 'cancel', id]);
  const job = await site.api.wait(id);
  expect(job).toMatchObject({ state: 'cancelled', reason: null });
  expect(outcomes(job)).toEqual(['cancelled']);
  expect(site.lines('gate.trace')).toContain(`aborted ${id} Cancelled`);
});

test('a job that has ended cannot be cancelled, and says how it ended', async () => {
  const { id } = await site.api.add('echo');
  await site.api.wait(id);
  expect(await site.refusal(['job', 'cancel', id])).toMatchObject({
    exitCode: 65,
    code: 'E_CONFLICT',
    message: expect.stringContaining('succeeded'),
  });
  expect(await site.refusal(['job', 'cancel', '999999'])).toMatchObject({
    exitCode: 66,
    code: 'E_NOT_FOUND',
  });
});

test('a module that is deaf to its signal is ended with its executor, and its neighbour runs again uncharged', async () => {
  const neighbour = await running('gate');
  const id = await running('deaf');
  await site.api.cancel(id);
  expect(await site.api.wait(id)).toMatchObject({ state: 'cancelled' });
  await until(
    () => site.lines('gate.trace').some((line) => line.startsWith(`start ${neighbour} 2`)),
    'the neighbour runs again',
  );
  expect(outcomes(await site.api.get(neighbour))).toEqual(['interrupted', 'running']);
  site.write('never', '');
  expect(await site.api.wait(neighbour)).toMatchObject({ state: 'succeeded' });
});

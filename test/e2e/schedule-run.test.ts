import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, Site, until } from './daemon.ts';

const TICK = '[schedule:tick]\nevery = 1s\njob = echo\nmissed = all\n';

const site = new Site(TICK);
let daemon: Daemon;
beforeAll(async () => {
  daemon = await site.up();
});
afterAll(() => site.dispose());

const ticks = async (): Promise<number> =>
  (await site.api.list({ type: 'echo', limit: 1_000 })).jobs.length;

/** Slots and jobs so far, both of the same moment. */
async function count(): Promise<{ readonly slots: number; readonly jobs: number }> {
  for (;;) {
    const { createdAt, nextRun } = await site.api.schedules.get('tick');
    const jobs = await ticks();
    const again = await site.api.schedules.get('tick');
    if (nextRun === null || nextRun !== again.nextRun) continue;
    return { slots: (Date.parse(nextRun) - Date.parse(createdAt)) / 1_000 - 1, jobs };
  }
}

test('a schedule neither loses nor repeats a run through a killed core and a restart', async () => {
  await until(async () => (await ticks()) >= 2, 'it runs', 20_000);
  process.kill(await daemon.pidOf('core'), 'SIGKILL');
  const killed = await ticks();
  await until(async () => (await ticks()) >= killed + 2, 'it runs on after the kill', 20_000);
  expect(await daemon.stop()).toBe(0);
  daemon = await site.up();
  const restarted = await ticks();
  await until(async () => (await ticks()) >= restarted + 2, 'it runs on after the restart', 20_000);
  const { slots, jobs } = await count();
  expect(jobs).toBe(slots);
  expect(slots).toBeGreaterThanOrEqual(6);
  await site.api.schedules.pause('tick');
}, 90_000);

test('overlap = cancel-previous ends the job that runs and starts the next one', async () => {
  const times = ['--every', '1s', '--overlap', 'cancel-previous'];
  const payload = ['--job', 'gate', '--payload', '{"file":"never.open"}'];
  await site.json('schedule', 'add', 'gates', ...times, ...payload);
  await until(
    () => site.lines('gate.trace').some((line) => line.startsWith('aborted')),
    'a run is cancelled by the next one',
    20_000,
  );
  await site.json('schedule', 'pause', 'gates');
  const aborted = site.lines('gate.trace').find((line) => line.startsWith('aborted'));
  const id = aborted?.split(' ')[1] ?? '';
  expect(await site.api.wait(id)).toMatchObject({ state: 'cancelled' });
  const { lastJob } = await site.json('schedule', 'show', 'gates');
  expect(Number(lastJob.id)).toBeGreaterThan(Number(id));
  await site.api.cancel(lastJob.id);
  expect(await site.api.wait(lastJob.id)).toMatchObject({ state: 'cancelled' });
}, 60_000);

/** SIGTERM: what can end within shutdownTimeout ends, the rest is interrupted and not charged. */
import { afterEach, expect, test } from 'vitest';
import { outcomes, Site, until } from './daemon.ts';

const PATIENT = ['up', '--set', 'daemon.shutdownTimeout=25s'];

let site: Site;
afterEach(() => site.dispose());

async function atGate(type: 'gate' | 'deaf', file: string): Promise<string> {
  const { id } = await site.api.add(type, { file }, { retries: 0 });
  await until(
    () => site.lines(`${type}.trace`).some((line) => line.startsWith(`start ${id} `)),
    'it runs',
  );
  return id;
}

test('a running job that ends within shutdownTimeout is waited for, and nothing new starts', async () => {
  site = new Site();
  const daemon = await site.up(PATIENT);
  const id = await atGate('gate', 'open');
  daemon.signal('SIGTERM');
  await until(() => daemon.log.some(({ msg }) => msg === 'service stopping'), 'it stops');
  // The core still answers while the executors drain.
  await until(
    async () =>
      (await site.api.status()).processes.some(
        ({ role, state }) => role === 'executor' && state === 'stopping',
      ),
    'the executor drains',
  );
  const waiting = await site.api.add('echo', 1);
  site.write('open', '');
  expect((await daemon.ended).exitCode).toBe(0);
  expect(site.processes()).toEqual([]);
  await site.up();
  const job = await site.api.get(id);
  expect(outcomes(job)).toEqual(['succeeded']);
  expect(await site.api.wait(waiting.id)).toMatchObject({ state: 'succeeded', attempt: 1 });
});

test('jobs that do not end in time are interrupted, not charged, and run again after the next start', async () => {
  site = new Site();
  // Long enough for an abort to be seen on a busy machine, too short for the deaf one.
  const daemon = await site.up(['up', '--set', 'daemon.shutdownTimeout=3s']);
  const ids = [await atGate('gate', 'open'), await atGate('deaf', 'open')];
  const askedMono = performance.now();
  expect(await daemon.stop()).toBe(0);
  expect(performance.now() - askedMono).toBeLessThan(8_000);
  expect(site.processes()).toEqual([]);
  expect(site.lines('gate.trace').at(-1)).toContain('aborted');
  site.write('open', '');
  await site.up();
  for (const id of ids) {
    const job = await site.api.wait(id);
    // With retries = 0 a charged failure would have been its end.
    expect(job).toMatchObject({ state: 'succeeded' });
    expect(outcomes(job)).toEqual(['interrupted', 'succeeded']);
  }
});

test('a second SIGTERM ends everything at once with 75, and the job is not charged', async () => {
  site = new Site();
  const daemon = await site.up(PATIENT);
  const id = await atGate('deaf', 'open');
  daemon.signal('SIGTERM');
  await until(() => daemon.log.some(({ msg }) => msg === 'service stopping'), 'it stops');
  // A service manager may send the same signal to all processes twice: what comes at once is one request.
  const ended = daemon.ended;
  const again = setInterval(() => daemon.signal('SIGTERM'), 300);
  const { exitCode } = await ended.finally(() => clearInterval(again));
  expect(exitCode).toBe(75);
  await until(() => site.processes().length === 0, 'nothing is left', 2_000);
  site.write('open', '');
  await site.up();
  const job = await site.api.wait(id);
  expect(outcomes(job)).toEqual(['interrupted', 'succeeded']);
});

test('SIGINT to every process, as Ctrl-C in a terminal sends it, is an orderly stop', async () => {
  site = new Site();
  const daemon = await site.up(PATIENT);
  const id = await atGate('gate', 'open');
  const pids = site.processes();
  for (const pid of pids) process.kill(pid, 'SIGINT');
  await until(() => daemon.log.some(({ msg }) => msg === 'service stopping'), 'it stops');
  site.write('open', '');
  expect((await daemon.ended).exitCode).toBe(0);
  await site.up();
  expect(outcomes(await site.api.get(id))).toEqual(['succeeded']);
});

/** A configuration that changes under a service that runs: all of it is taken, or nothing. */
import { writeFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Daemon, Site } from './daemon.ts';

// Several generations of processes start one after the other.
vi.setConfig({ testTimeout: 120_000 });

let site: Site;
afterEach(() => site.dispose());

const SLOW = '[job:gate]\nconcurrency = 1\n';
const pids = async (daemon: Daemon, role: 'core' | 'executor' | 'gateway') =>
  (await daemon.status()).processes.filter((one) => one.role === role).map(({ pid }) => pid);
const logged = (daemon: Daemon, msg: string) => daemon.log.filter((line) => line.msg === msg);

test('SIGHUP takes limits, schedules and the log level at once, without a fresh process, and names what needs a restart', async () => {
  site = new Site(SLOW);
  const daemon = await site.up();
  const before = await Promise.all([pids(daemon, 'core'), pids(daemon, 'executor')]);
  const ids = (
    await site.api.addMany([1, 2].map((n) => ({ type: 'gate', payload: { file: 'open', n } })))
  ).map(({ id }) => id);
  await expect.poll(() => site.lines('gate.trace').length, { timeout: 30_000 }).toBe(1);
  site.configure(
    `[job:gate]\nconcurrency = 2\n[schedule:later]\nevery = 1d\njob = echo\n[worker]\nprocesses = 2\n`,
  );
  writeFileSync(site.path('config.ini'), '\n[api]\nport = 0\n', { flag: 'a' });
  daemon.signal('SIGHUP');
  await expect
    .poll(() => logged(daemon, 'configuration reloaded').length, { timeout: 30_000 })
    .toBe(1);
  const [line] = logged(daemon, 'configuration reloaded');
  expect(line.reason).toBe('SIGHUP');
  expect(line.needRestart).toEqual([{ section: 'worker', key: 'processes', from: '1', to: '2' }]);
  expect(line.replaced).toEqual({ executors: 0, gateways: 0 });
  // The second one was held back by the limit that is gone.
  await expect.poll(() => site.lines('gate.trace').length, { timeout: 30_000 }).toBe(2);
  site.write('open', '');
  for (const id of ids) expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded' });
  expect((await site.json('schedule', 'list')).schedules).toMatchObject([{ name: 'later' }]);
  expect(await Promise.all([pids(daemon, 'core'), pids(daemon, 'executor')])).toEqual(before);
});

test('an invalid configuration changes nothing, and each of its problems is told', async () => {
  site = new Site(SLOW);
  const daemon = await site.up();
  const before = await pids(daemon, 'executor');
  site.configure('[job:gate]\nconcurrency = none\nretriess = 3\n[worker]\nconcurrency = 3\n');
  const refused = await site.refusal(['config', 'reload']);
  expect(refused).toMatchObject({ exitCode: 78, code: 'E_CONFIG' });
  expect(refused.message).toContain('concurrency');
  expect(refused.message).toContain('did you mean');
  const words = 'configuration not reloaded: everything stays as it was';
  daemon.signal('SIGHUP');
  const problem = () => logged(daemon, words)[0]?.err.message;
  await expect.poll(problem, { timeout: 30_000 }).toBe(refused.message);
  expect(await pids(daemon, 'executor')).toEqual(before);
  site.configure(SLOW);
  expect(await site.json('config', 'reload')).toMatchObject({ applied: [], needRestart: [] });
});

test('a command that comes and one that goes bring fresh executors; a job that runs ends in peace', async () => {
  site = new Site('[job:old]\ncommand = true\n');
  const daemon = await site.up();
  const before = await pids(daemon, 'executor');
  const { id } = await site.api.add('gate', { file: 'open' });
  await expect.poll(() => site.lines('gate.trace').length, { timeout: 30_000 }).toBe(1);
  site.configure('[job:new]\ncommand = true\n');
  const { applied, replaced } = await site.json('config', 'reload');
  expect(applied.map((one: { section: string }) => one.section)).toEqual(['job:new', 'job:old']);
  expect(replaced).toEqual({ executors: 1, gateways: 0 });
  expect(await site.api.wait((await site.api.add('new')).id)).toMatchObject({ state: 'succeeded' });
  expect((await site.refusal(['job', 'add', 'old'])).code).toBe('E_UNKNOWN_TYPE');
  site.write('open', '');
  const job = await site.api.wait(id);
  expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['succeeded']);
  expect(await pids(daemon, 'executor')).not.toEqual(before);
});

test('what gateways read when they start brings fresh ones on the same port, and what one refuses brings the former settings back', async () => {
  site = new Site('[webSocketEvents]\naddress = 127.0.0.1\nport = 0\n');
  const daemon = await site.up();
  const before = await pids(daemon, 'gateway');
  const { gateway } = await daemon.status();
  const origin = 'https://app.example.org';
  const refusedOrigin = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway?.port}${gateway?.path}`, { origin });
    return await new Promise<boolean>((resolve) => {
      socket.on('open', () => resolve(false));
      socket.on('error', () => resolve(true));
    }).finally(() => socket.terminate());
  };
  expect(await refusedOrigin()).toBe(false);
  const only =
    '[webSocketEvents]\naddress = 127.0.0.1\nport = 0\norigins = https://other.example.org\n';
  site.configure(only);
  expect(await site.json('config', 'reload')).toMatchObject({
    replaced: { executors: 0, gateways: 1 },
    needRestart: [],
  });
  expect(await pids(daemon, 'gateway')).not.toEqual(before);
  expect((await daemon.status()).gateway?.port).toBe(gateway?.port);
  expect(await refusedOrigin()).toBe(true);
  // A handler that is broken since the start keeps the executors from being replaced.
  const [executor] = await pids(daemon, 'executor');
  site.write('jobs/echo.mjs', 'export default {');
  site.configure(`${only}[worker]\nconcurrency = 3\n[job:gate]\nretries = 7\n`);
  const refused = await site.refusal(['config', 'reload']);
  expect(refused.message).toContain('echo.mjs');
  expect(await pids(daemon, 'executor')).toEqual([executor]);
  site.configure(only);
  expect(await site.json('config', 'reload')).toMatchObject({ applied: [], needRestart: [] });
});

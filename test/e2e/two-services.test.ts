/** `worker run` and `web_socket server`, or two `up`, on one data directory, in any order. */
import { afterEach, expect, test } from 'vitest';
import { signal } from '../../src/process/process-identity.ts';
import { type Daemon, outcomes, Site, until } from './daemon.ts';
import { freePort } from './free-port.ts';
import { Subscriber } from './subscriber.ts';

const AUTH = `[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
`;
const TAKEOVER_MS = 2_000;

let site: Site;
let port: number;
afterEach(() => site.dispose());

async function open(sections = ''): Promise<void> {
  port = await freePort();
  site = new Site(`[webSocketEvents]\naddress = 127.0.0.1\nport = ${port}\n${AUTH}${sections}`);
  await site.run(['init']);
}

/** A job runs, and a subscriber hears of its event: both services do their work together. */
async function bothWork(): Promise<void> {
  await until(async () => (await site.api.status()).gateway !== null, 'the gateway is known');
  const subscriber = await Subscriber.connect(site, 'ada');
  expect(await subscriber.ask('attach', 'datasetUpdate', 'd1')).toContain('"code":0');
  const { id } = await site.api.add('publish', {});
  expect(await site.api.wait(id, { timeoutMs: 10_000 })).toMatchObject({ state: 'succeeded' });
  await subscriber.until(() => subscriber.pushes.length === 1);
  await subscriber.close();
}

async function coreStates(): Promise<readonly string[]> {
  const { processes } = await site.api.status();
  return processes.filter(({ role }) => role === 'core').map(({ state }) => state);
}

test.each([
  ['worker run', 'web_socket server'],
  ['web_socket server', 'worker run'],
])('%s, then %s: both work, and when the owner stops the other takes over', async (...names) => {
  const [first, second] = names.map((name) => name.split(' ')) as [string[], string[]];
  await open();
  const owner = await site.up(first);
  const other = await site.up(second);
  await other.line(/standing by/);
  await bothWork();
  const queued = await site.api.add('echo', 'kept', { delayMs: 1_500 });
  const stopped = owner.stop();
  await until(() => other.log.some(({ msg }) => msg === 'core awake'), 'the other core is awake');
  expect(await stopped).toBe(0);
  // Its supervisor hears of it a moment after the core's own line.
  await expect.poll(coreStates, { timeout: 10_000 }).toEqual(['ready']);
  const back = await site.up(first);
  await bothWork();
  expect(await site.api.wait(queued.id)).toMatchObject({ state: 'succeeded' });
  expect(await other.stop()).toBe(0);
  expect(await back.stop()).toBe(0);
});

test('when the owner is killed with all its processes, the other takes over within 2 s', async () => {
  await open();
  const owner = await site.up(['web_socket', 'server']);
  const pids = site.processes();
  const other = await site.up(['worker', 'run']);
  const killedMono = performance.now();
  owner.signal('SIGKILL');
  for (const pid of pids) signal(pid, 'SIGKILL');
  await until(
    () => other.log.some(({ msg }) => msg === 'core awake'),
    'it takes over',
    TAKEOVER_MS,
  );
  expect(performance.now() - killedMono).toBeLessThan(TAKEOVER_MS);
  const { id } = await site.api.add('echo', 1);
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded' });
});

test('a job that runs while its own core goes and another takes over ends once, in its first attempt', async () => {
  await open();
  const events = await site.up(['web_socket', 'server']);
  await site.up(['worker', 'run']);
  const { id } = await site.api.add('gate', { file: 'open' });
  await until(() => site.lines('gate.trace').length === 1, 'it runs');
  await events.stop();
  site.write('open', '');
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
});

test('without a worker a job waits, and runs when one comes', async () => {
  await open();
  await site.up(['web_socket', 'server']);
  const { id } = await site.api.add('echo', 1);
  expect((await site.api.get(id)).state).toBe('queued');
  await site.up(['worker', 'run']);
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
});

test('two up with different ports share the work, and either serves events', async () => {
  await open();
  const otherPort = await freePort();
  await site.up();
  const second = await site.up(['up', '--set', `webSocketEvents.port=${otherPort}`]);
  const { processes } = await site.api.status();
  expect(processes.filter(({ role }) => role === 'executor')).toHaveLength(2);
  expect(processes.filter(({ role }) => role === 'gateway')).toHaveLength(2);
  for (const each of [port, otherPort]) {
    const subscriber = await Subscriber.at(
      each,
      (await site.json('token', 'issue', '--user', 'ada')).token,
    );
    await subscriber.ask('attach', 'issueUpdate', 'i1');
    await site.api.publish({ type: 'issueUpdate', id: 'i1', data: [] });
    await subscriber.until(() => subscriber.pushes.length === 1);
    await subscriber.close();
  }
  expect(await second.stop()).toBe(0);
});

test('two up with the same port: the second stands by with core and gateway, and takes over both', async () => {
  await open();
  const first = await site.up();
  const second: Daemon = await site.up();
  await second.line(/standing by/);
  await second.line(/another gateway serves the port/);
  expect(await first.stop()).toBe(0);
  await until(
    () => second.log.some(({ msg }) => msg === 'gateway listening'),
    'its gateway has the port',
  );
  await bothWork();
});

test('standby = false: a second service ends with 75 and says who is in the way', async () => {
  await open();
  await site.up();
  const { exitCode, stderr } = await site.start(['worker', 'run', '--set', 'daemon.standby=false'])
    .ended;
  expect(exitCode).toBe(75);
  expect(stderr).toContain(`Another daemon owns the data directory ${site.dataDirectory}`);
  const { id } = await site.api.add('echo', 1);
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded' });
});

test('when the owning core alone is killed, the other takes over and the running job goes on in its attempt', async () => {
  await open();
  const events = await site.up(['web_socket', 'server']);
  const worker = await site.up(['worker', 'run']);
  const { id } = await site.api.add('gate', { file: 'open' });
  await until(() => site.lines('gate.trace').length === 1, 'it runs');
  signal(await events.pidOf('core'), 'SIGKILL');
  site.write('open', '');
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  await bothWork();
  const awake = [events, worker].map(
    ({ log }) => log.filter(({ msg }) => msg === 'core awake').length,
  );
  expect(awake[0] === 2 || awake[1] === 1).toBe(true);
});

test('a worker that is forced to stop while another service owns the data is not charged for it', async () => {
  await open();
  await site.up(['web_socket', 'server']);
  const worker = await site.up(['worker', 'run', '--set', 'daemon.shutdownTimeout=25s']);
  const { id } = await site.api.add('deaf', { file: 'open' }, { retries: 0 });
  await until(() => site.lines('deaf.trace').length === 1, 'it runs');
  worker.signal('SIGTERM');
  const again = setInterval(() => worker.signal('SIGTERM'), 300);
  const { exitCode } = await worker.ended.finally(() => clearInterval(again));
  expect(exitCode).toBe(75);
  site.write('open', '');
  await site.up(['worker', 'run']);
  const job = await site.api.wait(id);
  expect(outcomes(job)).toEqual(['interrupted', 'succeeded']);
});

/** kill -9 of one process after another: what ran goes on or runs again, and ends once. */
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { identityOf, isAlive, signal } from '../../src/process/process-identity.ts';
import type { JobView } from '../../src/protocol/jobs.ts';
import { outcomes, Site, until } from './daemon.ts';
import { Subscriber } from './subscriber.ts';

let site: Site;
afterEach(() => site.dispose());

/** Adds a job that waits at a gate, and resolves when its first attempt runs. */
async function atGate(file: string): Promise<string> {
  const { id } = await site.api.add('gate', { file });
  await started(id, 1);
  return id;
}

async function started(id: string, attempt: number, withinMs?: number): Promise<void> {
  const fits = (line: string) => line.startsWith(`start ${id} ${attempt} `);
  await until(() => site.lines('gate.trace').some(fits), `attempt ${attempt} of ${id}`, withinMs);
}

test('an executor that dies gives its job back: it runs again within 2 s and ends once', async () => {
  site = new Site();
  const daemon = await site.up();
  const id = await atGate('open');
  signal(await daemon.pidOf('executor'), 'SIGKILL');
  await started(id, 2, 2_000);
  site.write('open', '');
  const job = await site.api.wait(id);
  expect(job).toMatchObject({ state: 'succeeded', attempt: 2 });
  expect(outcomes(job)).toEqual(['crash', 'succeeded']);
  expect(await endsInLog(id)).toBe(1);
});

test('a job that kills its process three times is quarantined; its neighbour is not', async () => {
  site = new Site();
  await site.up();
  const neighbour = await atGate('open');
  const { id } = await site.api.add('crash', null, { retries: 1_000 });
  // Twice they went down together. The third time each runs alone, so that the verdict is no guess.
  await started(neighbour, 3);
  expect(site.lines('crash.trace')).toEqual([`start ${id} 1`, `start ${id} 2`]);
  site.write('open', '');
  const job = await site.api.wait(id);
  expect(job).toMatchObject({ state: 'failed', reason: 'crash', attempt: 3 });
  expect(outcomes(job)).toEqual(['crash', 'crash', 'crash']);
  expect(job.error?.message).toMatch(
    /executor x-\d+-[0-9a-f]+ \(pid \d+\) died while the attempt ran/,
  );
  expect(outcomes(await site.api.get(neighbour))).toEqual(['crash', 'crash', 'succeeded']);
  const later = await site.api.add('echo', 'still here');
  expect(await site.api.wait(later.id)).toMatchObject({ state: 'succeeded', attempt: 1 });
});

test('a core that dies takes nothing with it: the running job goes on and ends once, in its first attempt', async () => {
  site = new Site();
  const daemon = await site.up();
  const id = await atGate('open');
  const core = await daemon.pidOf('core');
  signal(core, 'SIGKILL');
  // The end comes while no core is there to hear it.
  site.write('open', '');
  const job = await site.api.wait(id);
  expect(job).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(await endsInLog(id)).toBe(1);
  expect(await daemon.pidOf('core')).not.toBe(core);
  const next = await site.api.add('echo', 1);
  expect(await site.api.wait(next.id)).toMatchObject({ state: 'succeeded' });
});

test('a core that dies twice while many adds are under way: each is answered, and is there once', async () => {
  site = new Site();
  const daemon = await site.up();
  // So that every job that there is stays queued, and can be counted.
  await site.api.pauseQueue('default');
  const client = connect({ socket: site.socket, patienceMs: 60_000 });
  onTestFinished(() => client.close());
  const ids: string[] = [];
  let isDone = false;
  const adders = Array.from({ length: 8 }, async (_, loop) => {
    while (!isDone) {
      const payload = ids.length;
      // Gathered into one request, and beside it requests of their own.
      const jobs =
        loop % 2 === 0
          ? [await client.add('echo', payload)]
          : await client.addMany([{ type: 'echo', payload }]);
      ids.push(...jobs.map(({ id }) => id));
    }
  });
  for (let kill = 0; kill < 2; kill += 1) {
    const core = await daemon.pidOf('core');
    const before = ids.length;
    await until(() => ids.length >= before + 100, 'adds are under way');
    signal(core, 'SIGKILL');
    const atKill = ids.length;
    await until(() => ids.length >= atKill + 100, 'adds go on', 30_000);
  }
  isDone = true;
  await Promise.all(adders);
  expect(new Set(ids).size).toBe(ids.length);
  expect((await site.api.status()).jobs.queued).toBe(ids.length);
});

test('a core and its executor that die together: the job runs again and is not charged with a crash that nobody saw', async () => {
  site = new Site();
  const daemon = await site.up();
  const id = await atGate('open');
  const pids = await Promise.all([daemon.pidOf('core'), daemon.pidOf('executor')]);
  for (const pid of pids) signal(pid, 'SIGKILL');
  await started(id, 2);
  site.write('open', '');
  const job = await site.api.wait(id);
  expect(outcomes(job)).toEqual(['interrupted', 'succeeded']);
});

test('subscribers of a gateway that dies can come back', async () => {
  site = new Site(`[webSocketEvents]
address = 127.0.0.1
port = 0
[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
`);
  await site.run(['init']);
  const daemon = await site.up();
  const first = await Subscriber.connect(site, 'ada');
  const gateway = await daemon.pidOf('gateway');
  signal(gateway, 'SIGKILL');
  expect(await first.closed).toBe(1006);
  await until(async () => {
    const { ready, processes } = await site.api.status();
    return ready && processes.some(({ role, pid }) => role === 'gateway' && pid !== gateway);
  }, 'another gateway');
  const second = await Subscriber.connect(site, 'ada');
  expect(await second.ask('attach', 'issueUpdate', 'i1')).toContain('"code":0');
  await site.api.publish({ type: 'issueUpdate', id: 'i1', data: [] });
  await second.until(() => second.pushes.length === 1);
  await second.close();
});

test('a supervisor that dies leaves nothing after 5 s, not even a deaf handler and a stubborn command; the job runs again after the next start', async () => {
  site = new Site(`[job:stubborn]\ncommand = /bin/sh stubborn.sh\n`);
  site.write('stubborn.sh', `trap '' TERM\necho $$ >> stubborn.trace; while :; do sleep 0.1; done`);
  const daemon = await site.up();
  const [deaf] = await Promise.all([
    site.api.add('deaf', { file: 'open' }),
    site.api.add('stubborn'),
  ]);
  const lines = () => [...site.lines('deaf.trace'), ...site.lines('stubborn.trace')];
  await until(() => lines().length === 2, 'both run');
  const command = identityOf(Number(site.lines('stubborn.trace')[0]));
  daemon.signal('SIGKILL');
  await until(() => site.processes().length === 0 && !isAlive(command), 'nothing is left', 5_000);
  await site.up();
  site.write('open', '');
  const job = await site.api.wait(deaf.id);
  expect(job).toMatchObject({ state: 'succeeded', attempt: 2 });
  expect(outcomes(job)).toEqual(['interrupted', 'succeeded']);
});

test('every process killed at once: what was accepted is still there and is done after the next start', async () => {
  site = new Site();
  const daemon = await site.up();
  const ids: string[] = [];
  for (let n = 0; n < 20; n += 1) ids.push((await site.api.add('gate', { file: 'open' })).id);
  await site.api.close();
  daemon.signal('SIGKILL');
  for (const pid of site.processes()) signal(pid, 'SIGKILL');
  await until(() => site.processes().length === 0, 'all are gone');
  site.write('open', '');
  await site.up();
  const jobs: JobView[] = await Promise.all(ids.map((id) => site.api.wait(id)));
  expect(jobs.map(({ state }) => state)).toEqual(ids.map(() => 'succeeded'));
});

async function endsInLog(id: string): Promise<number> {
  const { events } = await site.api.eventPage({ type: 'job', id });
  return events.filter(({ data }) => (data[0] as { state: string }).state === 'succeeded').length;
}

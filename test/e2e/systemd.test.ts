/**
 * Under systemd, as far as that goes without one: `systemd-socket-activate` opens the sockets and starts the
 * service, a real datagram socket hears what it says, and a loop starts it again.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { signal } from '../../src/process/process-identity.ts';
import { ActivatedService, hasActivation, variablesOf } from './activated-service.ts';
import { Site, until } from './daemon.ts';
import { hasPython, NotifyReceiver } from './notify-receiver.ts';

const WATCHDOG_MS = 3_000;
const PATIENCE_MS = 30_000;
const TEST_MS = 120_000;

let site: Site;
let receiver: NotifyReceiver;
let service: ActivatedService;

const possible = hasActivation() && hasPython();

describe.skipIf(!possible)('under systemd (skipped without its programs or python3)', () => {
  beforeEach(async () => {
    site = new Site('[webSocketEvents]\naddress = 127.0.0.1\n');
    mkdirSync(site.dataDirectory, { mode: 0o700 });
    receiver = await new NotifyReceiver(site.path('notify')).start();
    const options = { notifySocket: receiver.socket, watchdogMs: WATCHDOG_MS };
    service = new ActivatedService(site, options);
    await service.open();
  });

  afterEach(async () => {
    await service.end();
    await receiver.close();
    await site.dispose();
  });

  test(
    'a connection starts the service, which serves the sockets that it was given, and says how it is',
    async () => {
      expect(receiver.messages).toEqual([]);
      // Waits in the queue of the socket until there is a core.
      expect((await site.api.status()).dataDirectory).toBe(site.dataDirectory);
      await heard('READY');
      await heard('WATCHDOG');
      expect(receiver.messages[0]?.STATUS).toMatch(/^Starting: /);
      await expectAllServed();
      await expectNothingForJobs();

      await site.api.add('gate', { file: 'open' });
      await until(() => site.lines('gate.trace').length === 1, 'a job runs', PATIENCE_MS);
      service.kill('SIGTERM');
      await heard('STOPPING');
      site.write('open', '');
      expect(await service.ended).toBe(0);
      const stopping = receiver.messages.find((message) => message.STOPPING === '1');
      expect(stopping?.EXTEND_TIMEOUT_USEC).toBe('15000000');
      expect(stopping?.STATUS).toMatch(/^Draining: 1 executor ends its jobs, at most \d+ s more$/);
      expect(receiver.messages.filter((message) => message.READY === '1')).toHaveLength(1);
    },
    TEST_MS,
  );

  test(
    'a core that hangs stops the watchdog, one that died is served its sockets again',
    async () => {
      await site.api.status();
      await heard('WATCHDOG');
      const first = await corePid();
      signal(first, 'SIGKILL');
      // Not one refused: who asks meanwhile waits in the queue of the socket.
      const core = await corePid(first);
      await expectAllServed();

      const before = receiver.messages.length;
      signal(core, 'SIGSTOP');
      await until(() => hungryFrom(before) > 0, 'the hang is seen', PATIENCE_MS);
      const hungry = hungryFrom(before);
      // Not to wait for something: to give the watchdog two turns in which it must not be fed.
      await new Promise((resolve) => setTimeout(resolve, (2 * WATCHDOG_MS) / 3));
      expect(receiver.has('WATCHDOG', hungry)).toBe(false);
      signal(core, 'SIGCONT');
      await heard('WATCHDOG', hungry);
    },
    TEST_MS,
  );

  test(
    'a main process that was killed is started again, and what was accepted is there',
    async () => {
      const { id } = await site.api.add('echo', 'kept', { delayMs: 600_000 });
      await heard('READY');
      const before = receiver.messages.length;
      service.kill('SIGKILL');
      await service.reopen();
      // Connects, which starts it.
      await until(
        async () => (await site.api.get(id)).state === 'scheduled',
        'the job is there',
        PATIENCE_MS,
      );
      await heard('READY', before);
      await heard('WATCHDOG', before);
      expect(receiver.has('STOPPING')).toBe(false);
      await expectAllServed();
    },
    TEST_MS,
  );
});

async function heard(name: string, from = 0): Promise<void> {
  const what = `${name} is heard; ${JSON.stringify(receiver.messages)}; ${service.output}`;
  await until(() => receiver.has(name, from), what, PATIENCE_MS);
}

/** What was heard until the hang was said, that included; 0: it was not. */
function hungryFrom(before: number): number {
  const words = 'Degraded: the core does not answer';
  return receiver.messages.findIndex(({ STATUS }, at) => at >= before && STATUS === words) + 1;
}

/** @param former it has ended, and another one is waited for */
async function corePid(former = 0): Promise<number> {
  let pid = former;
  const look = async (): Promise<boolean> => {
    const { processes } = await site.api.status();
    const core = processes.find(({ role, state }) => role === 'core' && state === 'ready');
    pid = core?.pid ?? former;
    return pid !== former;
  };
  await until(look, 'a core that is known', PATIENCE_MS);
  return pid;
}

async function expectAllServed(): Promise<void> {
  const token = readFileSync(`${site.dataDirectory}/api-token`, 'utf8').trim();
  const headers = { authorization: `Bearer ${token}` };
  const queues = await fetch(service.httpUrl('/v1/queues'), { headers });
  expect(queues.status).toBe(200);
  await expect(opened(new WebSocket(service.wsUrl()))).resolves.toBe(true);
  const supervises = async (): Promise<boolean> =>
    (await site.api.status()).processes.some(({ pid }) => pid === service.pid);
  await until(supervises, 'the service is the one that was started', PATIENCE_MS);
}

function opened(socket: WebSocket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('open', () => {
      socket.terminate();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function expectNothingForJobs(): Promise<void> {
  const { processes } = await site.api.status();
  const children = processes.flatMap(({ role, pid }) => (role === 'supervisor' ? [] : [pid ?? 0]));
  expect(children.length).toBeGreaterThan(2);
  for (const pid of children) {
    expect(variablesOf(pid).filter((name) => /^(NOTIFY|WATCHDOG|LISTEN)_/.test(name))).toEqual([]);
  }
}

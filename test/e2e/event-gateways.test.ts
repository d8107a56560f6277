/** Several gateways on one port: who gets which connections, and what clients notice when gateways go. */
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { ControlHttp } from '../../src/client/control-http.ts';
import { signal } from '../../src/process/process-identity.ts';
import type { ConnectionPage } from '../../src/protocol/gateways.ts';
import { type Daemon, Site, until } from './daemon.ts';
import { freePort } from './free-port.ts';
import { Subscriber } from './subscriber.ts';

const AUTH = '[auth]\npublicKeyFile = ./keys/public.pem\nprivateKeyFile = ./keys/private.pem\n';
const TOPIC = { type: 'issueUpdate', id: 'i1' };

let site: Site;
let daemon: Daemon;
let port: number;
let token: string;
afterEach(() => site.dispose());

async function open(keys: string): Promise<void> {
  port = await freePort();
  site = new Site(`[webSocketEvents]\naddress = 127.0.0.1\nport = ${port}\n${keys}\n${AUTH}`);
  await site.run(['init']);
  daemon = await site.up(['web_socket', 'server']);
  await until(async () => (await site.api.status()).ready, 'all gateways follow', 20_000);
  token = (await site.json('token', 'issue', '--user', 'ada')).token;
}

async function subscribe(): Promise<Subscriber> {
  const subscriber = await Subscriber.at(port, token);
  expect(await subscriber.ask('attach', TOPIC.type, TOPIC.id)).toContain('"code":0');
  return subscriber;
}

/** How many connections each gateway has. */
async function spread(): Promise<readonly number[]> {
  const http = new ControlHttp({ socketPath: site.socket }, 5_000);
  const call = { method: 'GET', path: '/v1/connections?limit=1000' } as const;
  const { connections } = (await http.call(call)) as ConnectionPage;
  http.close();
  const counts = new Map<string, number>();
  for (const { gateway } of connections) counts.set(gateway, (counts.get(gateway) ?? 0) + 1);
  return [...counts.values()];
}

test('connections are spread evenly, and a gateway that is killed takes only its own with it', async () => {
  await open('gateways = 3');
  const { processes } = await site.api.status();
  expect(processes.filter(({ role }) => role === 'gateway')).toHaveLength(3);
  const subscribers = await Promise.all(Array.from({ length: 12 }, () => subscribe()));
  await expect.poll(spread, { timeout: 20_000 }).toEqual([4, 4, 4]);
  let gone = 0;
  for (const { closed } of subscribers) {
    void closed.then(() => {
      gone += 1;
    });
  }
  signal(await daemon.pidOf('gateway', 1), 'SIGKILL');
  await until(() => gone === 4, 'the connections of the killed one are gone');
  subscribers.push(...(await Promise.all(Array.from({ length: 4 }, () => subscribe()))));
  await site.api.publish({ ...TOPIC, data: ['to all that are left'] });
  const heard = () => subscribers.filter(({ pushes }) => pushes.length === 1).length;
  await until(() => heard() === 12, 'eight of before and four new ones hear it');
  expect(gone).toBe(4);
});

test('a rolling restart refuses no connection, and asks those that are here to come back', async () => {
  await open('gateways = 2\ndrainTime = 300ms');
  const before = await Promise.all([daemon.pidOf('gateway', 0), daemon.pidOf('gateway', 1)]);
  const subscribers = await Promise.all(Array.from({ length: 4 }, () => subscribe()));
  const outcomes: string[] = [];
  let isDone = false;
  const knocking = (async () => {
    while (!isDone) outcomes.push(await knock());
  })();
  const { replaced } = await site.json('web_socket', 'restart', '--rolling');
  isDone = true;
  await knocking;
  expect(outcomes.length).toBeGreaterThan(0);
  expect(outcomes.filter((outcome) => outcome !== 'open')).toEqual([]);
  const formers = replaced.map(({ pid }: { readonly pid: number }) => pid);
  expect(formers.sort()).toEqual([...before].sort());
  expect(await Promise.all(subscribers.map(({ closed }) => closed))).toEqual(
    subscribers.map(() => 1012),
  );
  const again = await subscribe();
  await again.close();
});

test('a restart of all gateways at once keeps the port open: who comes meanwhile waits', async () => {
  await open('drainTime = 0s');
  const pid = await daemon.pidOf('gateway');
  const restarted = site.json('web_socket', 'restart');
  await until(() => daemon.log.some(({ msg }) => msg === 'process is replaced'), 'it begins');
  expect(await knock()).toBe('open');
  const { replaced } = await restarted;
  expect(replaced).toMatchObject([{ pid, successor: { pid: await daemon.pidOf('gateway') } }]);
});

test('beyond its room a gateway puts connections off, and status says so', async () => {
  await open('maxConnections = 2');
  const subscribers = await Promise.all([subscribe(), subscribe()]);
  expect(await knock()).toBe('503');
  // A gateway that is slow to answer is left out of the status.
  const seen = async () => (await site.api.status()).subscribers;
  const counts = { connections: 2, room: 2, refused: 1 };
  await expect.poll(seen, { timeout: 20_000 }).toMatchObject(counts);
  const printed = async () => (await site.run(['status'])).stdout;
  await expect.poll(printed, { timeout: 20_000 }).toMatch(/2 of 2 connections, .*1 refused/);
  await daemon.line(/^connections refused: no room for more$/);
  await subscribers[0]?.close();
  await until(async () => (await knock()) === 'open', 'there is room again');
});

/** `open`, or what became of the handshake instead. */
async function knock(): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  onTestFinished(() => socket.terminate());
  return await new Promise((resolve) => {
    socket.once('open', () => {
      resolve('open');
      socket.close();
    });
    socket.once('unexpected-response', (_request, { statusCode }) => {
      resolve(String(statusCode));
      socket.terminate();
    });
    socket.on('error', ({ message }) => resolve(message));
  });
}

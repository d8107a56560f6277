/**
 * Hundreds of subscribers on several gateways of one port, and on an edge, while gateways and the core are killed and
 * replaced: each ends with exactly the log's events, in order. `npm test` runs seconds, `npm run torture` a minute.
 */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { connect, type TaskbellClient } from '../../src/client/client.ts';
import { type Daemon, Site, until } from '../e2e/daemon.ts';
import { freePort } from '../e2e/free-port.ts';
import { EventStorm, readWholeLog } from './event-storm.ts';
import { killExactly, treeBelow } from './processes.ts';
import { type Draws, drawsOf } from './random.ts';

const { TORTURE_KILLS, TORTURE_SEED } = process.env;
const SEED = Number(TORTURE_SEED ?? Math.floor(Math.random() * 1_000_000));
const ROUNDS = TORTURE_KILLS === undefined ? 1 : 8;
/** From one fault to the next, as asked for; nothing waits for it. */
const BETWEEN_MS = 1_000;
const WITHIN_MS = 120_000;
const GATEWAYS = 3;
const AUTH = '[auth]\npublicKeyFile = ./keys/public.pem\nprivateKeyFile = ./keys/private.pem\n';

type Fault = 'gateway' | 'core' | 'rolling';
const FAULTS: readonly Fault[] = ['gateway', 'core', 'gateway', 'rolling', 'gateway', 'core'];

const sites: Site[] = [];
afterEach(() => Promise.all(sites.splice(0).map((site) => site.dispose())));

interface Stage {
  /** With the log. */
  readonly core: { readonly site: Site; readonly daemon: Daemon };
  /** With the gateways: the same, or an edge. */
  readonly serving: Daemon;
  readonly port: number;
}

function newSite(sections: string): Site {
  const site = new Site(sections);
  sites.push(site);
  return site;
}

function gatewayKeys(port: number): string {
  return `[webSocketEvents]
address = 127.0.0.1
port = ${port}
gateways = ${GATEWAYS}
drainTime = 500ms
`;
}

async function openCore(): Promise<Stage> {
  const port = await freePort();
  const site = newSite(`${gatewayKeys(port)}${AUTH}`);
  await site.run(['init']);
  const daemon = await site.up(['web_socket', 'server']);
  return { core: { site, daemon }, serving: daemon, port };
}

async function openEdge(): Promise<Stage> {
  const [api, port] = [await freePort(), await freePort()];
  const site = newSite(`[api]\naddress = 127.0.0.1\nport = ${api}\n${AUTH}`);
  await site.run(['init']);
  const daemon = await site.up(['web_socket', 'server']);
  const edge = newSite(`${gatewayKeys(port)}${AUTH}`);
  mkdirSync(edge.path('keys'));
  cpSync(site.path('keys'), edge.path('keys'), { recursive: true });
  edge.write('edge-token', readFileSync(`${site.dataDirectory}/edge-token`));
  const core = ['--core', `http://127.0.0.1:${api}`, '--token-file', 'edge-token'];
  const serving = await edge.up(['web_socket', 'edge', ...core]);
  return { core: { site, daemon }, serving, port };
}

interface Striking {
  /** With more patience than a core that was killed again and again needs. */
  readonly api: TaskbellClient;
  readonly draws: Draws;
}

async function strike(stage: Stage, fault: Fault, { api, draws }: Striking): Promise<void> {
  if (fault === 'rolling') {
    await until(async () => (await api.status()).ready, 'the gateways are there', WITHIN_MS);
    // One that has not come back to a core of a moment ago is not among them.
    expect(await api.restartGateways({ rolling: true })).not.toEqual([]);
    return;
  }
  const { pid } = fault === 'core' ? stage.core.daemon : stage.serving;
  const victim = draws.pick(treeBelow(pid).filter(({ role }) => role === fault));
  // It may be on its way back from the fault before.
  if (victim !== undefined) killExactly(victim.identity);
}

async function endure(stage: Stage, clients: number, faults: readonly Fault[]): Promise<void> {
  const { site } = stage.core;
  const publisher = connect({ socket: site.socket, patienceMs: WITHIN_MS });
  onTestFinished(() => publisher.close());
  const storm = await EventStorm.begin({
    url: `ws://127.0.0.1:${stage.port}/ws`,
    privateKeyFile: site.path('keys/private.pem'),
    ...{ clients, publisher, draws: drawsOf(SEED, 'storm') },
  });
  onTestFinished(() => storm.stop());
  const draws = drawsOf(SEED, 'faults');
  for (const fault of faults) {
    const { rounds } = storm;
    await delay(BETWEEN_MS);
    // However long a core takes that was killed before: each fault hits events on their way.
    await until(() => storm.rounds >= rounds + 10, 'events are published', WITHIN_MS);
    await strike(stage, fault, { api: publisher, draws });
  }
  await storm.calm();
  const log = await readWholeLog(site.socket);
  const last = log.at(-1)?.seq;
  await until(() => storm.behind(last) === 0, 'everybody has the last event', WITHIN_MS);
  expect(storm.judge(log), `seed ${SEED}`).toEqual([]);
  expect(storm.connections, `seed ${SEED}`).toBeGreaterThan(clients);
  const { connections } = storm;
  process.stdout.write(
    `gateways: seed ${SEED}, ${log.length} events, ${clients} subscribers, ${connections} connections, ${faults.length} faults\n`,
  );
}

function repeated(faults: readonly Fault[]): readonly Fault[] {
  return Array.from({ length: ROUNDS }, () => faults).flat();
}

it(
  'brings each subscriber exactly its events through the deaths of gateways and cores, and a rolling restart',
  async () => endure(await openCore(), 300, repeated(FAULTS)),
  ROUNDS * 60_000 + 2 * WITHIN_MS,
);

it(
  'does so on an edge, whose gateways die too and whose core is on another machine',
  async () => endure(await openEdge(), 100, repeated(['gateway', 'core', 'gateway'])),
  ROUNDS * 60_000 + 2 * WITHIN_MS,
);

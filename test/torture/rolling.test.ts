/**
 * Executors and gateways are replaced again and again under load: no request fails, no job runs twice, no event is
 * missed. `npm test` replaces them twice, `npm run torture -- rolling` twenty times.
 */
import { writeFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { connect } from '../../src/client/client.ts';
import type { TaskbellClient } from '../../src/client/taskbell-client.ts';
import { Site, until } from '../e2e/daemon.ts';
import { freePort } from '../e2e/free-port.ts';
import { EventStorm, readWholeLog } from './event-storm.ts';
import { drawsOf } from './random.ts';
import { RollingLoad } from './rolling-load.ts';

const { ROLLING_RESTARTS, TORTURE_KILLS, TORTURE_SEED, ROLLING_FIGURES } = process.env;
const SEED = Number(TORTURE_SEED ?? Math.floor(Math.random() * 1_000_000));
const RESTARTS = Number(ROLLING_RESTARTS ?? (TORTURE_KILLS === undefined ? 2 : 20));
const SUBSCRIBERS = 40;
const EXECUTORS = 2;
const GATEWAYS = 2;
const MS_PER_RESTART = 60_000;
const WITHIN_MS = 120_000;

let site: Site;
afterEach(() => site.dispose());

async function openSite(port: number): Promise<void> {
  site = new Site(`[worker]
processes = ${EXECUTORS}
[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
[webSocketEvents]
address = 127.0.0.1
port = ${port}
gateways = ${GATEWAYS}
drainTime = 500ms
maxConnectionsPerUser = 1000
`);
  site.write(
    'jobs/short.mjs',
    'export default () => new Promise((resolve) => setTimeout(resolve, 5));',
  );
  await site.run(['init']);
  await site.up();
}

/** Jobs that did not end well with their first attempt. */
async function checkJobs(api: TaskbellClient, ids: readonly string[]) {
  let repeats = 0;
  const lost: string[] = [];
  for (const id of ids) {
    const job = await api.wait(id, { timeoutMs: WITHIN_MS });
    if (job.state !== 'succeeded') lost.push(`${id} ${job.state}`);
    repeats += job.attempts.length - 1;
  }
  return { repeats, lost };
}

it(
  'executors and gateways that are replaced one by one under load fail no request, repeat no job and cost no event',
  async () => {
    const port = await freePort();
    await openSite(port);
    const { token } = await site.json('token', 'issue', '--user', 'visitor');
    const publisher = connect({ socket: site.socket, patienceMs: WITHIN_MS });
    const url = `ws://127.0.0.1:${port}/ws`;
    const storm = await EventStorm.begin({
      ...{ url, publisher, clients: SUBSCRIBERS, draws: drawsOf(SEED, 'storm') },
      privateKeyFile: site.path('keys/private.pem'),
    });
    const load = RollingLoad.begin({ socketPath: site.socket, port, token });
    const startedMono = performance.now();
    let replaced = 0;
    try {
      for (let turn = 0; turn < RESTARTS; turn += 1) {
        replaced += (await site.api.restartWorkers({ rolling: true })).length;
        replaced += (await site.api.restartGateways({ rolling: true })).length;
      }
      const rollingMs = performance.now() - startedMono;
      await load.stop();
      await storm.calm();
      const log = await readWholeLog(site.socket);
      const last = log.at(-1)?.seq;
      await until(() => storm.behind(last) === 0, 'everybody has the last event', WITHIN_MS);
      const missed = storm.judge(log);
      const { repeats, lost } = await checkJobs(site.api, load.ids);
      const { add, webSocket, stream } = load.requests;
      const figures = [
        `rolling: seed ${SEED}, ${RESTARTS} restarts of ${EXECUTORS} executors and ${GATEWAYS} gateways, ${replaced} processes replaced`,
        `${add + webSocket + stream} requests (${add} adds, ${webSocket} WebSockets, ${stream} streams), ${load.failures.length} failed`,
        `${load.ids.length} jobs, ${lost.length} lost, ${repeats} repeated`,
        `${log.length} events to ${SUBSCRIBERS} subscribers on ${storm.connections} connections, ${missed.length} of them missed one`,
        `${(rollingMs / 1_000).toFixed(1)} s`,
      ].join('; ');
      process.stdout.write(`${figures}\n`);
      if (ROLLING_FIGURES !== undefined) writeFileSync(ROLLING_FIGURES, figures);
      expect(load.failures).toEqual([]);
      expect({ missed, lost, repeats }).toEqual({ missed: [], lost: [], repeats: 0 });
      expect(replaced).toBe(RESTARTS * (EXECUTORS + GATEWAYS));
    } finally {
      await load.stop();
      storm.stop();
      await publisher.close();
    }
  },
  120_000 + RESTARTS * MS_PER_RESTART,
);

/**
 * A thousand subscribers that lose their connection at random while events are published: each ends with exactly
 * the log's events, in order. `npm test` runs seconds, `npm run torture` a minute.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { covers, type LogEvent, type Topic } from '../../src/protocol/events.ts';
import { AwakeCore } from '../core/awake-core.ts';
import { GatewayFixture, tokenFor } from '../gateway/gateway-fixture.ts';
import { ResumingClient } from '../gateway/v2-client.ts';
import { type Draws, drawsOf } from './random.ts';

const { TORTURE_KILLS, TORTURE_SEED } = process.env;
const SEED = Number(TORTURE_SEED ?? Math.floor(Math.random() * 1_000_000));
const STORM_MS = TORTURE_KILLS === undefined ? 3_000 : 60_000;
const CLIENTS = 1_000;
const GROUPS = 50;
const LOST_A_ROUND = 25;
/** Between two rounds: what was lost comes back, on however busy a machine. */
const REST_MS = 40;
const CATCH_UP_MS = 120_000;

let core: AwakeCore;
let gateway: GatewayFixture;
const clients: ResumingClient[] = [];
beforeEach(async () => {
  core = await AwakeCore.start();
  gateway = new GatewayFixture();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.stop();
  await gateway.close();
  await core.dispose();
});

/** To all, to one and to a group, by a pattern. */
function topicsOf(index: number): readonly Topic[] {
  return [
    { type: 'issueUpdate', id: 'all' },
    { type: 'datasetUpdate', id: `own.${index}` },
    { type: 'uploadFile', id: `group${index % GROUPS}.*` },
  ];
}

async function publish(round: number, draws: Draws): Promise<readonly LogEvent[]> {
  const own = Array.from({ length: 40 }, () => draws.between(0, CLIENTS - 1));
  const groups = Array.from({ length: 2 }, () => draws.between(0, GROUPS - 1));
  const events = [
    ...(round % 4 === 0 ? [{ type: 'issueUpdate', id: 'all', data: [round] }] : []),
    ...own.map((index) => ({ type: 'datasetUpdate', id: `own.${index}`, data: [round] })),
    ...groups.map((group) => ({ type: 'uploadFile', id: `group${group}.${round % 3}`, data: [] })),
    { type: 'downloadFile', id: 'nobody', data: [round] },
  ];
  const { status, body } = await core.post('/v1/events', events);
  expect(status).toBe(201);
  return body.events;
}

it(
  'brings each of a thousand subscribers exactly its events, in order, however often it was lost',
  async () => {
    const draws = drawsOf(SEED, 'resume');
    await gateway.create({ controlSocket: core.socketPath }).start();
    const url = () => `ws://127.0.0.1:${gateway.port}/ws`;
    for (let index = 0; index < CLIENTS; index += 1) {
      clients.push(new ResumingClient(url, tokenFor(`user${index}`), topicsOf(index)));
    }
    for (const client of clients) client.start();
    const log: LogEvent[] = [];
    const endMono = performance.now() + STORM_MS;
    for (let round = 0; performance.now() < endMono; round += 1) {
      for (let n = 0; n < LOST_A_ROUND; n += 1) clients[draws.between(0, CLIENTS - 1)]?.lose();
      log.push(...(await publish(round, draws)));
      await delay(REST_MS);
    }
    // The last one for all says that everything before it has come.
    const { body } = await core.post('/v1/events', { type: 'issueUpdate', id: 'all', data: [] });
    log.push(...body.events);
    const last = log.at(-1)?.seq;
    const behind = () => clients.filter(({ since }) => since !== last).length;
    await expect.poll(behind, { timeout: CATCH_UP_MS, interval: 50 }).toBe(0);
    for (const [index, client] of clients.entries()) {
      const mine = log.filter((event) => topicsOf(index).some((topic) => covers(topic, event)));
      expect(client.seen, `client ${index}, seed ${SEED}`).toEqual(mine.map(({ seq }) => seq));
      expect(client.faults, `client ${index}, seed ${SEED}`).toEqual([]);
    }
    const connections = clients.reduce((sum, client) => sum + client.connections, 0);
    expect(connections).toBeGreaterThan(CLIENTS);
    process.stdout.write(
      `resume: seed ${SEED}, ${log.length} events, ${CLIENTS} subscribers, ${connections} connections\n`,
    );
  },
  STORM_MS + CATCH_UP_MS + 60_000,
);

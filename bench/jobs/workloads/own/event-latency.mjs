/** From the call of add, through handler, commit, log and gateway, to a subscriber's WebSocket message. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { monotonicMs } from '../../../harness/clock.mjs';
import { onClose } from '../../../harness/closing.mjs';
import { until } from '../../../harness/processes.mjs';
import { percentile } from '../../../harness/statistics.mjs';
import { AUTH_SECTION, makeToken } from '../../../harness/token.mjs';
import { stampedPayload } from '../../payload.mjs';

const WARM_UP = 100;
const SAMPLES = 300;
const TOPIC = { type: 'datasetUpdate', id: 'bench' };

export async function eventLatency({ open, directory }) {
  const token = makeToken(directory);
  const session = await open({ extra: AUTH_SECTION });
  const { client } = session.daemon;
  const { address, port, path: at } = (await client.status()).gateway;
  const latencies = [];
  await subscribe(`ws://${address}:${port}${at}`, token, ({ data }) => {
    latencies.push(monotonicMs() - data[0].sentMono);
  });
  await session.release();
  for (let i = 0; i < WARM_UP + SAMPLES; i += 1) {
    await client.add('announce', stampedPayload(monotonicMs()));
    await delay(5 + Math.random() * 10);
  }
  await until(() => latencies.length === WARM_UP + SAMPLES, {
    what: 'every event',
    withinMs: 30_000,
  });
  const measured = latencies.slice(WARM_UP);
  const figures = { p50: percentile(measured, 0.5), p99: percentile(measured, 0.99) };
  return { figures, versions: session.versions };
}

async function subscribe(url, token, onPush) {
  const socket = new WebSocket(url);
  onClose(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ auth: token, action: 'attach', event: TOPIC }));
  const [reply] = await once(socket, 'message');
  if (JSON.parse(reply).code !== 0)
    throw new Error(`The gateway refused the subscription: ${reply}`);
  socket.on('message', (text) => onPush(JSON.parse(text)));
}

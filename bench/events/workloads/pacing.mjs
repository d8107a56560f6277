/** Twenty messages a second to all subscribers of one topic: how long each copy takes. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../harness/clock.mjs';
import { until } from '../../harness/processes.mjs';
import { percentile } from '../../harness/statistics.mjs';
import { Crowd } from '../crowd.mjs';
import { topicName } from '../message.mjs';

const EVERY_MS = 50;
const WARM_UP = 20;

export async function paced(session, { subscribers, seconds }) {
  const crowd = new Crowd(subscribers);
  await crowd.open({ url: session.place.url, steps: () => session.place.steps(topicName(0)) });
  const sentMono = [];
  const latencies = [];
  crowd.watch((_, number) => {
    if (number >= WARM_UP) latencies.push(monotonicMs() - sentMono[number]);
  });
  const count = WARM_UP + (seconds * 2_000) / EVERY_MS;
  const startedMono = monotonicMs();
  for (let number = 0; number < count; number += 1) {
    await delay(startedMono + number * EVERY_MS - monotonicMs());
    sentMono.push(monotonicMs());
    await session.publish([0]);
  }
  await until(() => crowd.delivered === count * subscribers, { what: 'every copy' });
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

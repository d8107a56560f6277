/** Twenty messages a second to all subscribers of one topic: how long each copy takes. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../harness/clock.mjs';
import { percentile } from '../../harness/statistics.mjs';
import { openCrowd } from '../crowd.mjs';

const EVERY_MS = 50;
const WARM_UP = 20;

export async function paced(session, options) {
  const { subscribers, seconds } = options;
  const shape = { size: subscribers, topicOf: () => 0, sampleEvery: 1 };
  const crowd = await openCrowd(session.place, shape, options);
  const sentMono = [];
  const count = WARM_UP + (seconds * 2_000) / EVERY_MS;
  const startedMono = monotonicMs();
  for (let number = 0; number < count; number += 1) {
    await delay(startedMono + number * EVERY_MS - monotonicMs());
    sentMono.push(monotonicMs());
    await session.publish([0]);
  }
  await crowd.whenCompleted(count);
  await crowd.expectEach(() => count);
  const latencies = (await crowd.samples())
    .filter(([number]) => number >= WARM_UP)
    .map(([number, arrivedMono]) => arrivedMono - sentMono[number]);
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

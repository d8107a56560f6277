/** How long one waits when there is nothing else to do: from the call of add to the handler's first line. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../harness/clock.mjs';
import { percentile } from '../../harness/statistics.mjs';
import { stampedPayload } from '../payload.mjs';

const WARM_UP = 100;
const SAMPLES = 300;

export async function pickup(session) {
  await session.release();
  await addSpaced(session, WARM_UP);
  await session.latencies();
  await session.mark();
  const ended = session.whenEnded(SAMPLES);
  await addSpaced(session, SAMPLES);
  await ended;
  const latencies = (await session.latencies()).slice(-SAMPLES);
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

/** 5 to 15 ms apart: never in step with anyone's timer. */
async function addSpaced(session, count) {
  for (let i = 0; i < count; i += 1) {
    await session.add(stampedPayload(monotonicMs()));
    await delay(5 + Math.random() * 10);
  }
}

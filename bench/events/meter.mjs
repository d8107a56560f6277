/** Messages a second over a while, and what they cost everybody. */
import { setTimeout as delay } from 'node:timers/promises';
import { loadOf } from '../jobs/load.mjs';

/**
 * @returns rate: copies a second; crowd, publisher: share of one core that each was busy (publisher: absent where both
 *   are one process); cpu.NAME: microseconds of CPU a copy of each process of the contender
 */
export async function meter(session, crowd, seconds) {
  let share;
  const { load, ...figures } = await loadOf(session, async () => {
    const before = await crowd.count();
    await delay(seconds * 1_000);
    const after = await crowd.count();
    share = (after.busyMs - before.busyMs) / (after.atMono - before.atMono);
    return {
      jobs: after.frames - before.frames,
      ...{ startedAt: before.atMono, endedAt: after.atMono },
    };
  });
  return { ...figures, crowd: share, ...(crowd.isNative ? { publisher: load } : {}) };
}

/** How fast jobs are done: a backlog drained, and a queue that is filled while it is worked off. */
import { loadOf } from '../load.mjs';
import { PAYLOAD } from '../payload.mjs';

const CHUNK = 1_000;
const WARM_UP = 5_000;
const PRODUCERS = 64;

/** All jobs are there before the worker may begin; what is timed is first start to last end. */
export async function drain(session, { jobs: wanted, drainShare = 1 }) {
  const jobs = Math.ceil(wanted * drainShare);
  await warmUp(session);
  await session.hold();
  await addInChunks(session, jobs);
  await session.mark();
  return await loadOf(session, async () => {
    const ended = session.whenEnded(jobs);
    await session.release();
    const { firstStart, lastEnd } = await ended;
    return { jobs, startedAt: firstStart, endedAt: lastEnd };
  });
}

/** 64 producers add one job after another while the worker runs; timed until the last job has ended. */
export async function mixed(session, { seconds }) {
  await warmUp(session);
  await session.mark();
  return await loadOf(session, async () => {
    const endMono = performance.now() + seconds * 1_000;
    let added = 0;
    const producer = async () => {
      while (performance.now() < endMono) {
        await session.add(PAYLOAD);
        added += 1;
      }
    };
    await Promise.all(Array.from({ length: PRODUCERS }, producer));
    const { lastEnd } = await session.whenEnded(added);
    return { jobs: added, endedAt: lastEnd };
  });
}

async function warmUp(session) {
  await session.mark();
  const ended = session.whenEnded(WARM_UP);
  await addInChunks(session, WARM_UP);
  await session.release();
  await ended;
}

async function addInChunks(session, jobs) {
  for (let left = jobs; left > 0; left -= CHUNK) {
    await session.addMany(Array.from({ length: Math.min(CHUNK, left) }, () => PAYLOAD));
  }
}

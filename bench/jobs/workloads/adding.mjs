/** How many jobs a second one program can add, while no worker runs. */
import { loadOf } from '../load.mjs';
import { PAYLOAD } from '../payload.mjs';

const CHUNK = 1_000;
const WARM_UP = 500;

export const addOne = (session, options) => measureLoops(session, options, 1);

export const add64 = (session, options) => measureLoops(session, options, 64);

/** In requests of 1,000, one after the other. */
export async function addBulk(session, { seconds }) {
  const chunk = Array.from({ length: CHUNK }, () => PAYLOAD);
  await session.addMany(chunk);
  return await loadOf(session, async () => {
    const added = await repeat(seconds, () => session.addMany(chunk));
    return added * CHUNK;
  });
}

async function measureLoops(session, { seconds }, loops) {
  await inParallel(loops, async () => {
    for (let left = Math.ceil(WARM_UP / loops); left > 0; left -= 1) await session.add(PAYLOAD);
  });
  return await loadOf(session, async () => {
    const counts = await inParallel(loops, () => repeat(seconds, () => session.add(PAYLOAD)));
    return counts.reduce((sum, count) => sum + count, 0);
  });
}

function inParallel(count, work) {
  return Promise.all(Array.from({ length: count }, work));
}

async function repeat(seconds, work) {
  const endMono = performance.now() + seconds * 1_000;
  let count = 0;
  while (performance.now() < endMono) {
    await work();
    count += 1;
  }
  return count;
}

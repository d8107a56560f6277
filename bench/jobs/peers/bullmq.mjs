/** BullMQ on a Redis of our own. */
import { readFileSync } from 'node:fs';
import { Queue, Worker } from 'bullmq';
import { startRedis } from '../servers/redis.mjs';

const QUEUE = 'bench';

/** Of 20, 50, 100 and 300 the one at which worker and Redis need the least CPU time a job. */
const CONCURRENCY = 100;

export async function startPlace(directory, variant) {
  const { socket, pid, version } = await startRedis(directory, variant);
  return { socket, processes: { redis: pid }, versions: { bullmq: ownVersion(), redis: version } };
}

export async function openProducer({ socket }) {
  const queue = new Queue(QUEUE, { connection: { path: socket } });
  // After Ctrl-C the server may be ended before its clients are.
  queue.on('error', () => {});
  await queue.waitUntilReady();
  return {
    add: (payload) => queue.add('noop', payload),
    addMany: (payloads) => queue.addBulk(payloads.map((data) => ({ name: 'noop', data }))),
    close: () => queue.close(),
  };
}

export async function openWorker({ socket }, recorder) {
  const worker = new Worker(
    QUEUE,
    async (job) => {
      recorder.started(job.data);
      return null;
    },
    {
      connection: { path: socket, maxRetriesPerRequest: null },
      concurrency: CONCURRENCY,
      autorun: false,
    },
  );
  worker.on('completed', () => recorder.ended());
  await worker.waitUntilReady();
  let running = false;
  return {
    release: () => {
      if (running) return worker.resume();
      running = true;
      void worker.run();
    },
    hold: () => worker.pause(),
  };
}

function ownVersion() {
  const file = new URL('../../node_modules/bullmq/package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

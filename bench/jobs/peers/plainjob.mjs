/**
 * plainjob, a queue that is a library: producer and worker are in one process on one connection, as
 * it is meant to be used; two processes would wait for each other's locks.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { better, defineQueue, defineWorker } from 'plainjob';

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

export const inProcess = true;

/** @param synchronous of SQLite; plainjob itself sets NORMAL */
export async function startPlace(directory, { synchronous }) {
  const connection = better(new Database(path.join(directory, 'queue.db')));
  const queue = defineQueue({ connection, logger: silent });
  if (synchronous !== undefined) connection.pragma(`synchronous = ${synchronous}`);
  return {
    queue,
    processes: {},
    versions: { plainjob: ownVersion('plainjob'), 'better-sqlite3': ownVersion('better-sqlite3') },
  };
}

export async function openProducer({ queue }) {
  return {
    add: async (payload) => queue.add('noop', payload),
    addMany: async (payloads) => queue.addMany('noop', payloads),
    close: () => queue.close(),
  };
}

export async function openWorker({ queue }, recorder) {
  let worker;
  return {
    release: () => {
      worker = defineWorker('noop', (job) => recorder.started(JSON.parse(job.data)), {
        ...{ queue, logger: silent, onCompleted: () => recorder.ended() },
        // Its only way to learn of a new job; the default of 1,000 ms would be all that is measured.
        pollIntervall: 1,
      });
      void worker.start();
    },
    hold: () => worker.stop(),
  };
}

function ownVersion(name) {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

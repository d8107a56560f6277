/** graphile-worker on a PostgreSQL of our own, with the batching of its own performance page. */
import { readFileSync } from 'node:fs';
import { Logger, makeWorkerUtils, run, runMigrations } from 'graphile-worker';
import pg from 'pg';
import { startPostgres } from '../servers/postgres.mjs';

/** https://worker.graphile.org/docs/performance */
const CONCURRENT_JOBS = 24;
const BATCHING = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

const silent = new Logger(() => () => {});

export async function startPlace(directory, variant) {
  const { host, pid, version } = await startPostgres(directory, variant);
  const pool = openPool(host, 1);
  await retried(() => runMigrations({ pgPool: pool, logger: silent }));
  await pool.end();
  return {
    host,
    processes: { postgres: pid },
    versions: { 'graphile-worker': ownVersion(), postgres: version },
  };
}

export async function openProducer({ host }) {
  const pool = openPool(host, 25);
  const utils = await makeWorkerUtils({ pgPool: pool, logger: silent });
  return {
    add: (payload) => utils.addJob('noop', payload),
    addMany: (payloads) =>
      utils.addJobs(payloads.map((payload) => ({ identifier: 'noop', payload }))),
    close: async () => {
      await utils.release();
      await pool.end();
    },
  };
}

export async function openWorker({ host }, recorder) {
  const pool = openPool(host, CONCURRENT_JOBS + 1);
  let runner;
  return {
    release: async () => {
      runner = await run({
        preset: {
          worker: {
            concurrentJobs: CONCURRENT_JOBS,
            maxPoolSize: CONCURRENT_JOBS + 1,
            ...BATCHING,
          },
        },
        ...{ pgPool: pool, logger: silent, noHandleSignals: true },
        taskList: { noop: (payload) => recorder.started(payload) },
      });
      runner.events.on('job:complete', () => recorder.ended());
    },
    hold: () => runner.stop(),
  };
}

function openPool(host, max) {
  const pool = new pg.Pool({ host, user: 'bench', database: 'postgres', max });
  // The server is ended before its clients are.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** The socket is there a moment before the server takes connections. */
async function retried(work) {
  for (let left = 100; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function ownVersion() {
  const file = new URL('../../node_modules/graphile-worker/package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

/** Taskbell through its real daemon: client library, control socket, core with fsync, executor process. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { monotonicMs } from '../../harness/clock.mjs';
import { until } from '../../harness/processes.mjs';
import { layOut, startDaemon } from '../servers/daemon.mjs';

/** @param given tree: the built checkout; slowFsyncMs, env: see servers/daemon.mjs */
export async function openSession(directory, given) {
  layOut(directory, given);
  const daemon = await startDaemon(directory, given);
  const { client } = daemon;
  let marked = 0;
  await client.pauseQueue('default');
  const succeeded = async () => (await client.status()).jobs.succeeded;
  return {
    daemon,
    processes: daemon.pids,
    versions: { taskbell: ownVersion(given.tree) },
    add: (payload) => client.add('noop', payload),
    addMany: (payloads) => client.addMany(payloads.map((payload) => ({ type: 'noop', payload }))),
    release: () => client.resumeQueue('default'),
    hold: async () => {
      await client.pauseQueue('default');
      await until(async () => (await client.status()).jobs.running === 0, {
        what: 'a paused queue',
      });
    },
    mark: async () => {
      marked = await succeeded();
    },
    whenEnded: async (count) => {
      await until(async () => (await succeeded()) >= marked + count, {
        what: `${count} ended jobs`,
      });
      return { lastEnd: monotonicMs() };
    },
    latencies: async () => {
      const { id } = await client.add('collect');
      return (await client.wait(id)).result;
    },
  };
}

function ownVersion(tree) {
  return JSON.parse(readFileSync(path.join(tree, 'package.json'), 'utf8')).version;
}

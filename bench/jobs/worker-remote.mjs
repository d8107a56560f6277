/** The other end of worker-process.mjs: the same worker, as promises. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { onClose } from '../harness/closing.mjs';

const SCRIPT = path.join(import.meta.dirname, 'worker-process.mjs');

/** Starts the process and waits until its worker is connected. */
export async function startWorkerProcess(module, place) {
  const child = fork(SCRIPT, [module, JSON.stringify(place)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  onClose(async () => {
    // It holds no state of its own: what it serves is thrown away with it.
    child.kill('SIGKILL');
    await gone;
  });
  const waiting = new Map();
  child.on('message', ({ id, answer, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(answer);
    else reject(new Error(error));
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`The worker ended with ${code}.`));
  });
  let last = 0;
  const ask = (order, argument) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      child.send({ order, argument, id: last });
    });
  await new Promise((resolve, reject) => waiting.set(0, { resolve, reject }));
  return {
    pid: child.pid,
    release: () => ask('release'),
    hold: () => ask('hold'),
    mark: () => ask('mark'),
    whenEnded: (count) => ask('whenEnded', count),
    latencies: () => ask('latencies'),
  };
}

/**
 * One contender, started on an empty folder and ready to be loaded, whatever it is made of:
 *
 *   processes     the processes that do its work, by name
 *   add, addMany  resolved when the jobs are accepted, as durably as the contender promises
 *   release, hold let the worker take jobs; take no more (nothing runs any longer)
 *   mark          from here on ends and latencies count
 *   whenEnded(n)  { firstStart?, lastEnd } on the monotonic clock, when n jobs have ended
 *   latencies     ms from the stamp in a payload to the start of the handler, of each such job
 */

import { onClose } from '../harness/closing.mjs';
import { openSession as openTaskbell } from './peers/taskbell.mjs';
import { Recorder } from './recorder.mjs';
import { startWorkerProcess } from './worker-remote.mjs';

export async function openSession(contender, directory, given) {
  const { module, variant } = contender;
  if (module === 'taskbell') return await openTaskbell(directory, { ...variant, ...given });
  return await openPeer(module, directory, { ...variant, ...given });
}

async function openPeer(name, directory, variant) {
  const module = new URL(`./peers/${name}.mjs`, import.meta.url).href;
  const peer = await import(module);
  const { processes, versions, ...place } = await peer.startPlace(directory, variant);
  const producer = await peer.openProducer(place);
  const worker = peer.inProcess
    ? await openHere(peer, place)
    : await startWorkerProcess(module, place);
  // In the middle of its work it may wait for answers that never come.
  onClose(() => producer.close(), 1_000);
  return {
    processes: worker.pid === undefined ? processes : { ...processes, worker: worker.pid },
    versions,
    add: producer.add,
    addMany: producer.addMany,
    release: worker.release,
    hold: worker.hold,
    mark: worker.mark,
    whenEnded: worker.whenEnded,
    latencies: worker.latencies,
  };
}

async function openHere(peer, place) {
  const recorder = new Recorder();
  const worker = await peer.openWorker(place, recorder);
  return {
    release: () => worker.release(),
    hold: () => worker.hold(),
    mark: () => recorder.mark(),
    whenEnded: (count) => recorder.whenEnded(count),
    latencies: () => recorder.latencies(),
  };
}

/**
 * A peer's worker in a process of its own. Told over IPC what to do, one order at a time:
 *
 *     node worker-process.mjs <peer module> <place as JSON>
 */
import { Recorder } from './recorder.mjs';

const [module, place] = process.argv.slice(2);
const { openWorker } = await import(module);
const recorder = new Recorder();
const worker = await openWorker(JSON.parse(place), recorder);

const ORDERS = {
  release: () => worker.release(),
  hold: () => worker.hold(),
  mark: () => recorder.mark(),
  whenEnded: (count) => recorder.whenEnded(count),
  latencies: () => recorder.latencies(),
};

process.on('message', async ({ order, argument, id }) => {
  try {
    process.send({ id, answer: await ORDERS[order](argument) });
  } catch (error) {
    process.send({ id, error: error.stack });
  }
});
process.once('disconnect', () => process.exit());
process.send({ id: 0 });

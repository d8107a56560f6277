/**
 * The near end of the thread that watches this process's event loop: answers its question whether the loop still turns.
 * What a loop that stands still means is for the supervisor to decide, to whom the thread tells it.
 *
 * The thread takes 8 MiB: it is started when there is something that could hold up the loop.
 */
import { Worker } from 'node:worker_threads';
import type { Logger } from './logger.ts';

/** Places in the memory that both threads share. */
export const CELLS = { answered: 0, count: 1 } as const;

export interface LoopWatchData {
  readonly memory: SharedArrayBuffer;
}

/** @returns ends the watch */
export function watchLoop(log: Logger): () => void {
  const memory = new SharedArrayBuffer(CELLS.count * Int32Array.BYTES_PER_ELEMENT);
  const cells = new Int32Array(memory);
  const workerData: LoopWatchData = { memory };
  const thread = new Worker(new URL('./loop-watch-thread.js', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    execArgv: [],
  });
  thread.on('message', (question: number) => {
    Atomics.store(cells, CELLS.answered, question);
    Atomics.notify(cells, CELLS.answered);
  });
  // The process works without it as well; only that its loop stands still is not seen any more.
  thread.on('error', (err) => log.warn({ err }, 'nobody watches the event loop any more'));
  thread.unref();
  return () => void thread.terminate();
}

/**
 * The near end of the thread that watches this process's event loop: counts what runs, and answers
 * its question whether the loop still turns. What a blocked loop means is for the core to decide.
 *
 * There is no thread before the first attempt: it takes 8 MiB of an executor that may never run one, and
 * until then no code of a user's runs but what modules started as they were loaded, which nobody looks for.
 */
import { Worker } from 'node:worker_threads';
import type { Logger } from '../process/logger.ts';

export interface WatchFacts {
  readonly executor: string;
  readonly controlSocket: string;
}

/** A message of the thread that is no question: it has told of a block that is over. */
export const OVER = 'over';

export interface LoopWatch {
  /** @param running attempts that run now */
  count(running: number): void;
  stop(): void;
}

/** Places in the memory that both threads share. */
export const CELLS = { running: 0, asleep: 1, answered: 2, count: 3 } as const;

export interface ThreadData extends WatchFacts {
  readonly memory: SharedArrayBuffer;
}

/** @param onOver a block that the core was told of is over */
export function startLoopWatch(facts: WatchFacts, log: Logger, onOver: () => void): LoopWatch {
  const memory = new SharedArrayBuffer(CELLS.count * Int32Array.BYTES_PER_ELEMENT);
  const cells = new Int32Array(memory);
  let thread: Worker | undefined;
  return {
    count: (running) => {
      Atomics.store(cells, CELLS.running, running);
      if (running === 0) return;
      thread ??= startThread({ ...facts, memory }, log, onOver);
      if (Atomics.compareExchange(cells, CELLS.asleep, 1, 0) === 1) {
        Atomics.notify(cells, CELLS.asleep);
      }
    },
    stop: () => void thread?.terminate(),
  };
}

function startThread(workerData: ThreadData, log: Logger, onOver: () => void): Worker {
  const cells = new Int32Array(workerData.memory);
  const thread = new Worker(new URL('./loop-watch-thread.js', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    execArgv: [],
  });
  thread.on('message', (question: number | typeof OVER) => {
    if (question === OVER) {
      onOver();
      return;
    }
    Atomics.store(cells, CELLS.answered, question);
    Atomics.notify(cells, CELLS.answered);
  });
  // Jobs run without it as well; only who blocks the loop is not seen any more.
  thread.on('error', (err) => log.warn({ err }, 'nobody watches the event loop any more'));
  thread.unref();
  return thread;
}

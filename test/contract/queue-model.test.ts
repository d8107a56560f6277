/**
 * Random histories of a whole queue, in each store beside a plain model (queue-model.ts): every answer, every
 * job, count, key and limit, and each row of the log after each step; in the end all that may run is run, and
 * nothing is forgotten. A failure prints its seed and shrinks to a short story. MODEL_RUNS says how many
 * histories, MODEL_SEED which.
 */
import { env } from 'node:process';
import fc from 'fast-check';
import { it } from 'vitest';
import { history, limits } from './queue-model-commands.ts';
import { QueueLife } from './queue-model-life.ts';
import { BOTH_REOPENABLE } from './reopenable-stores.ts';

const RUNS = Number(env.MODEL_RUNS ?? 60);
const SEED = env.MODEL_SEED === undefined ? {} : { seed: Number(env.MODEL_SEED) };

it.each(BOTH_REOPENABLE)(
  'the $name store lives as the plain model of a queue says',
  async ({ open }) => {
    await fc.assert(
      fc.asyncProperty(limits, history, async (rules, commands) => {
        const stores = open();
        try {
          const life = new QueueLife(stores, rules);
          await fc.asyncModelRun(() => ({ model: life.plain, real: life }), commands);
          await life.drain();
        } finally {
          stores.close();
        }
      }),
      { numRuns: RUNS, ...SEED },
    );
  },
  120_000 + RUNS * 2_000,
);

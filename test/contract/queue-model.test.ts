/**
 * Random histories of a whole queue, in each store beside a plain model (queue-model.ts): every answer, every
 * job, count, key and limit, and each row of the log after each step; in the end all that may run is run, and
 * nothing is forgotten. MODEL_RUNS says how many histories, MODEL_SEED which.
 *
 * A failure prints its seed and shrinks to a short story. Where a job that is replaced keeps the crashes of the
 * old payload, the story is:
 *
 *   1. add r0: scan in default, key l keep-first; r1: mail in default → …
 *   2. e1 claims 1 mail+scan of none+acme+brown from lane 0 → got 1
 *   3. end running%0 crash, running%0 succeeded
 *   4. add r0: scan in default, key l debounce 500 ms at most null → [{"id":1,"duplicate":true,…}]
 *   the jobs, job 1, crashes: the store says 1, the model 0
 */
import { env } from 'node:process';
import fc from 'fast-check';
import { it } from 'vitest';
import { history, limits } from './queue-model-commands.ts';
import { QueueLife } from './queue-model-life.ts';
import { BOTH_REOPENABLE } from './reopenable-stores.ts';

const RUNS = Number(env.MODEL_RUNS ?? 40);
const SEED = env.MODEL_SEED === undefined ? {} : { seed: Number(env.MODEL_SEED) };

it.each(BOTH_REOPENABLE)(
  'the $name store lives as the plain model of a queue says',
  async ({ open, share }) => {
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
      { numRuns: Math.ceil(RUNS * share), ...SEED },
    );
  },
  120_000 + RUNS * 2_000,
);

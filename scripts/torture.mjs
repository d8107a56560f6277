/**
 * `npm run torture`: the long run of the crash tests in test/torture/, 300 kills.
 *
 *     npm run torture -- --kills 1000 --seed 7
 *
 * The tests take both numbers from TORTURE_KILLS and TORTURE_SEED, and print the seed they used.
 */
import { parseArgs } from 'node:util';
import { runVitest } from './run-vitest.mjs';
import { setUp } from './setup.mjs';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '300' }, seed: { type: 'string' } },
});

setUp();
process.exitCode = await runVitest(['test/torture', '--testTimeout=7200000'], {
  TORTURE_KILLS: values.kills,
  ...(values.seed === undefined ? {} : { TORTURE_SEED: values.seed }),
});

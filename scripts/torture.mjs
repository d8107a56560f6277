/**
 * `npm run torture`: the long run of the crash tests in test/torture/, 300 kills.
 *
 *     npm run torture -- --kills 1000 --seed 7
 *     npm run torture -- rolling --restarts 20      executors and gateways replaced under load, and nothing else
 *
 * The tests take the numbers from the environment (TORTURE_KILLS, ROLLING_RESTARTS, TORTURE_SEED), print the seed that they
 * used, and leave a line of figures each, so that they can stand at the very end.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runVitest } from './run-vitest.mjs';
import { setUp } from './setup.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '300' },
    restarts: { type: 'string', default: '20' },
    seed: { type: 'string' },
  },
});
const [what] = positionals;
if (positionals.length > 1 || (what !== undefined && what !== 'rolling')) {
  console.error(`torture: expected nothing or "rolling", got "${positionals.join(' ')}"`);
  process.exit(64);
}

setUp();
const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-figures-'));
const figures = (name) => path.join(directory, `${name}.txt`);
const rolling = { ROLLING_RESTARTS: values.restarts, ROLLING_FIGURES: figures('rolling') };
const kills = { TORTURE_KILLS: values.kills, TORTURE_FIGURES: figures('torture') };
const seed = values.seed === undefined ? {} : { TORTURE_SEED: values.seed };
try {
  if (what === 'rolling') {
    process.exitCode = await runVitest(['test/torture/rolling.test.ts'], { ...rolling, ...seed });
    console.log(readFigures('rolling'));
  } else {
    process.exitCode = await runVitest(['test/torture'], { ...kills, ...rolling, ...seed });
    for (const name of ['rolling', 'torture']) console.log(readFigures(name));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function readFigures(name) {
  try {
    return readFileSync(figures(name), 'utf8');
  } catch {
    // The run broke off before there were any; the test says why.
    return `${name}: no figures`;
  }
}

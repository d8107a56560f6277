/**
 * `npm run torture`: the long run of the crash tests in test/torture/, 300 kills.
 *
 *     npm run torture -- --kills 1000 --seed 7
 *
 * The test takes both numbers from TORTURE_KILLS and TORTURE_SEED, prints the seed that it used, and
 * leaves its line of figures in the file TORTURE_FIGURES, so that it can stand at the very end.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runVitest } from './run-vitest.mjs';
import { setUp } from './setup.mjs';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '300' }, seed: { type: 'string' } },
});

setUp();
const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-figures-'));
const figures = path.join(directory, 'figures.txt');
try {
  process.exitCode = await runVitest(['test/torture'], {
    TORTURE_KILLS: values.kills,
    TORTURE_FIGURES: figures,
    ...(values.seed === undefined ? {} : { TORTURE_SEED: values.seed }),
  });
  console.log(readFigures());
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function readFigures() {
  try {
    return readFileSync(figures, 'utf8');
  } catch {
    // The run broke off before there were any; the test says why.
    return 'torture: no figures';
  }
}

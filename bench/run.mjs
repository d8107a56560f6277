#!/usr/bin/env node
/**
 * `npm run bench`: Taskbell beside its peers, on the same workloads, in turn, on this machine.
 *
 *   npm run bench                                                   every suite
 *   npm run bench -- jobs --peers=bullmq,plainjob --runs=3 --only=drain
 *   npm run bench -- events --peers=none
 *
 * A figure of one machine on one day: compare only what was measured in one run. Nothing fails here
 * for being slow. What is measured, and how: docs/benchmarks.md.
 */
import { readArguments, USAGE } from './harness/arguments.mjs';
import { closeAll, closeOnSignals } from './harness/closing.mjs';

/** Each exports `run(options)`. */
const SUITES = {
  jobs: () => import('./jobs/suite.mjs'),
  events: () => import('./events/suite.mjs'),
};

closeOnSignals();
try {
  const { suites, options } = readArguments(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await runSuites(suites, options);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await closeAll();
}

async function runSuites(suites, options) {
  const { prepare } = await import('./harness/prepare.mjs');
  const ready = prepare(options);
  for (const name of suites) {
    const { run } = await SUITES[name]();
    await run(ready);
  }
}

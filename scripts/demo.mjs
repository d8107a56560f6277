/**
 * `npm run demo`: shows Taskbell at work, from nothing: sets the clone up, starts `taskbell up` on a
 * fresh data directory, runs real jobs on real files, and prints what the receiving service and a
 * subscriber hear. The work itself is in demo/.
 *
 *     npm run demo               stays up, so that you can add jobs from a second terminal
 *     npm run demo -- --exit     ends with 0 only if everything that was expected arrived
 */
import { parseArgs } from 'node:util';
import { setUp } from './setup.mjs';

const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } });

setUp();
// Only now: its packages may have been missing when this script started.
const { runDemo } = await import('./demo/run-demo.mjs');
process.exitCode = await runDemo({ stay: !values.exit });

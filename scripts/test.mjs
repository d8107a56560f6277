/**
 * `npm test`: sets the clone up, runs the tests, and ends with the line `N passed, N failed`.
 * Further arguments go to vitest: `npm test -- test/queue`.
 */
import { runVitest } from './run-vitest.mjs';
import { setUp } from './setup.mjs';

setUp();
process.exitCode = await runVitest(process.argv.slice(2));

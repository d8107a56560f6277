/** Reads the totals of preload/statement-meter.mjs out of a running core. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '../harness/processes.mjs';

const PRELOAD = pathToFileURL(path.join(import.meta.dirname, '../preload/statement-meter.mjs'));

export function openMeter(directory) {
  const file = path.join(directory, 'meter.json');
  return {
    /** For the daemon's environment. */
    env: { NODE_OPTIONS: `--import=${PRELOAD}`, BENCH_METER_FILE: file },
    /** Since the core was started: statements, ms in them, readingMs in those that read. */
    read: async (pid) => {
      rmSync(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      await until(() => existsSync(file), {
        what: 'the statement meter',
        everyMs: 2,
        withinMs: 60_000,
      });
      return JSON.parse(readFileSync(file, 'utf8'));
    },
  };
}

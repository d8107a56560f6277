/**
 * Loaded into the daemon's processes with NODE_OPTIONS: the first SIGUSR2 starts a CPU profile, the
 * second writes it to $BENCH_PROFILE_FOLDER/PID.cpuprofile, whole or not at all.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';

const INTERVAL_US = 200;
let session;

process.on('SIGUSR2', async () => {
  if (session === undefined) {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    await session.post('Profiler.start');
    return;
  }
  const { profile } = await session.post('Profiler.stop');
  const file = path.join(process.env.BENCH_PROFILE_FOLDER, `${process.pid}.cpuprofile`);
  writeFileSync(`${file}.draft`, JSON.stringify(profile));
  renameSync(`${file}.draft`, file);
});

/**
 * What a daemon costs that has nothing to do. Statements are counted in a daemon of their own: what counts
 * them takes memory in each process.
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ownCpuMs, proportionalMiB, residentMiB, writesOf } from '../../../harness/processes.mjs';
import { openMeter } from '../../meter.mjs';

/** Longer than V8 takes to tidy up after the start: about 10 s, once. */
const SETTLE_MS = 20_000;
const WATCH_MS = 10_000;

export async function idle({ open, directory }) {
  const session = await open({ concurrency: 10 });
  await session.release();
  await delay(SETTLE_MS);
  const before = snapshot(session.processes);
  await delay(WATCH_MS);
  const after = snapshot(session.processes);
  const seconds = (after.at - before.at) / 1_000;
  await session.daemon.stop();
  const cpu = before.each.map(({ role, cpuMs }, i) => [
    role,
    (after.each[i].cpuMs - cpuMs) / 10 / seconds,
  ]);
  const total = (moment, what) => moment.each.reduce((sum, each) => sum + each[what], 0);
  const figures = {
    'statements/s': await statementsPerSecond({ open, directory }),
    'bytes written/s': (total(after, 'bytes') - total(before, 'bytes')) / seconds,
    'CPU %': cpu.reduce((sum, [, share]) => sum + share, 0),
    ...Object.fromEntries(cpu.map(([role, share]) => [`CPU % ${role}`, share])),
    'resident MiB': total(after, 'resident'),
    ...Object.fromEntries(
      after.each.map(({ role, resident }) => [`resident MiB ${role}`, resident]),
    ),
    'resident MiB, shared pages shared out': total(after, 'proportional'),
  };
  return { figures, versions: session.versions };
}

async function statementsPerSecond({ open, directory }) {
  const meter = openMeter(directory);
  const session = await open({
    directory: path.join(directory, 'metered'),
    ...{ env: meter.env, concurrency: 10 },
  });
  await session.release();
  await delay(SETTLE_MS);
  const before = await meter.read(session.processes.core);
  await delay(WATCH_MS);
  const after = await meter.read(session.processes.core);
  return (after.statements - before.statements) / (WATCH_MS / 1_000);
}

function snapshot(processes) {
  const each = Object.entries(processes).map(([role, pid]) => ({
    ...{ role, cpuMs: ownCpuMs(pid), bytes: writesOf(pid).bytes },
    ...{ resident: residentMiB(pid), proportional: proportionalMiB(pid) },
  }));
  return { at: performance.now(), each };
}

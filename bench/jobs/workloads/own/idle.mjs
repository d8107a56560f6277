/** What a daemon costs that has nothing to do. */
import { setTimeout as delay } from 'node:timers/promises';
import { ownCpuMs, residentMiB, writesOf } from '../../../harness/processes.mjs';
import { openMeter } from '../../meter.mjs';

const SETTLE_MS = 3_000;
const WATCH_MS = 10_000;

export async function idle({ open, directory }) {
  const meter = openMeter(directory);
  const session = await open({ env: meter.env, concurrency: 10 });
  await session.release();
  await delay(SETTLE_MS);
  // The meter writes a file when it is asked: outside the watched time.
  const statementsBefore = await meter.read(session.processes.core);
  const before = snapshot(session.processes);
  await delay(WATCH_MS);
  const after = snapshot(session.processes);
  const statementsAfter = await meter.read(session.processes.core);
  const seconds = (after.at - before.at) / 1_000;
  const cpu = before.each.map(({ role, cpuMs }, i) => [
    role,
    (after.each[i].cpuMs - cpuMs) / 10 / seconds,
  ]);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const figures = {
    'statements/s': (statementsAfter.statements - statementsBefore.statements) / seconds,
    'bytes written/s':
      (sum(after.each.map(({ bytes }) => bytes)) - sum(before.each.map(({ bytes }) => bytes))) /
      seconds,
    'CPU %': sum(cpu.map(([, share]) => share)),
    ...Object.fromEntries(cpu.map(([role, share]) => [`CPU % ${role}`, share])),
    'resident MiB': sum(after.each.map(({ resident }) => resident)),
    ...Object.fromEntries(
      after.each.map(({ role, resident }) => [`resident MiB ${role}`, resident]),
    ),
  };
  return { figures, versions: session.versions };
}

function snapshot(processes) {
  const each = Object.entries(processes).map(([role, pid]) => ({
    ...{ role, cpuMs: ownCpuMs(pid), bytes: writesOf(pid).bytes, resident: residentMiB(pid) },
  }));
  return { at: performance.now(), each };
}

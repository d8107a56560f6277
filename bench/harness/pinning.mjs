/** One processor core for the process that is measured, the others for everything else: as far as `taskset` is there. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { findProgram } from './programs.mjs';

/** True when processes are pinned: there is a second core, and a program that pins. */
export function canPin() {
  return availableParallelism() > 1 && findProgram('taskset') !== undefined;
}

/** @param measured pid that gets the first core to itself; @param others pids that share the rest */
export function pin(measured, others) {
  if (!canPin()) return;
  setCores(measured, '0');
  const rest = `1-${availableParallelism() - 1}`;
  for (const pid of others) setCores(pid, rest);
}

function setCores(pid, cores) {
  const { status, stderr } = spawnSync('taskset', ['-acp', cores, String(pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`taskset could not pin process ${pid} to ${cores}: ${stderr}`);
}

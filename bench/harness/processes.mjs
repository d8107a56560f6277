/**
 * Processes that a measurement starts: started, measured through /proc, ended. Everything that is
 * started here is ended by harness/closing.mjs at the latest.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { onClose } from './closing.mjs';

/** 100 ticks a second on every Linux that Node runs on. */
const TICK_MS = 10;

/** A server in the foreground; what it says on stderr is kept for the error that may follow. */
export function startServer(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  // strace passes no signal on: they must go to the process that it runs.
  const server = { child, pid: child.pid, traced: command === 'strace', said: '', gone: undefined };
  server.gone = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', (error) => {
      server.said += error.message;
      resolve();
    });
  });
  child.stderr?.on('data', (chunk) => {
    server.said = `${server.said}${chunk}`.slice(-4_000);
  });
  onClose(() => endServer(server));
  return server;
}

/** Asks the process to end, and ends it if it has not after `patienceMs`. */
export async function endServer(
  server,
  { signal = 'SIGTERM', pid = server.pid, patienceMs = 20_000 } = {},
) {
  const { child, traced } = server;
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  kill(traced && pid === server.pid ? (childrenOf(pid)[0] ?? pid) : pid, signal);
  const patience = new AbortController();
  const late = delay(patienceMs, 'late', { signal: patience.signal }).catch(() => 'gone');
  if ((await Promise.race([server.gone, late])) === 'late') {
    for (const below of childrenOf(child.pid)) kill(below, 'SIGKILL');
    child.kill('SIGKILL');
    await server.gone;
  }
  patience.abort();
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Polls until the condition holds; its errors count as "not yet". */
export async function until(condition, { what, everyMs = 20, withinMs = 300_000, server } = {}) {
  const startedMono = performance.now();
  for (let last; ; ) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    if (server !== undefined && server.child.exitCode !== null) {
      throw new Error(`${what}: the server ended with ${server.child.exitCode}. ${server.said}`);
    }
    if (performance.now() - startedMono > withinMs) {
      throw new Error(`${what}: not within ${withinMs / 1_000} s. ${last?.message ?? ''}`, {
        cause: last,
      });
    }
    await delay(everyMs);
  }
}

/** User and system time of a process and its present descendants, in ms; 0 for one that is gone. */
export function cpuMs(pid) {
  return sumOfTree(pid, (one) => {
    const fields = statFields(one);
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  });
}

export function ownCpuMs(pid) {
  try {
    const fields = statFields(pid);
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    // Gone, or a system without /proc.
    return Number.NaN;
  }
}

export function residentMiB(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024;
  } catch {
    return Number.NaN;
  }
}

/** As resident, but of a page that n processes share the nth part: of the node binary, mostly. */
export function proportionalMiB(pid) {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1_024;
  } catch {
    return Number.NaN;
  }
}

/** What a process asked the system to write so far: calls and bytes. */
export function writesOf(pid) {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  const read = (name) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1] ?? 0);
  return { calls: read('syscw'), bytes: read('write_bytes') };
}

function statFields(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function sumOfTree(pid, measure) {
  try {
    const below = childrenOf(pid).map((child) => sumOfTree(child, measure));
    return below.reduce((sum, each) => sum + each, measure(pid));
  } catch {
    // It ended between two readings.
    return 0;
  }
}

function childrenOf(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  } catch {
    // Gone, or a system without /proc.
    return [];
  }
}

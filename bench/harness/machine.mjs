/** What machine a measurement is of: a line for people. */
import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import path from 'node:path';

export function describeMachine() {
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return {
    processor: `${availableParallelism()} cores of ${model}, ${memory} GiB`,
    system: `${type()} ${release()}${distribution()}, Node ${process.versions.node}`,
    disk: `${tmpdir()} on ${mountOf(tmpdir())}, ${Math.round(freeBytes(tmpdir()) / 2 ** 30)} GiB free`,
  };
}

/** A sentence when others are at work on this machine; undefined when it is quiet. Ask before the first measurement. */
export function describeDisturbance() {
  const [lastMinute = 0] = loadavg();
  if (lastMinute < availableParallelism() / 4) return undefined;
  return `The machine was busy with other things at the start (load average ${lastMinute.toFixed(1)}): these figures say little.`;
}

function distribution() {
  try {
    const name = /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return name === undefined ? '' : ` (${name})`;
  } catch {
    // Not a Linux.
    return '';
  }
}

/** The file system that holds the folder, as "ext4 (/dev/vda)". */
function mountOf(folder) {
  try {
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const holding = mounts.filter(([, at]) => !path.relative(at, folder).startsWith('..'));
    const [device, , kind] = holding.sort((a, b) => b[1].length - a[1].length)[0];
    return `${kind} (${device})`;
  } catch {
    return 'an unknown file system';
  }
}

function freeBytes(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

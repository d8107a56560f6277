/**
 * CPU time and peak memory of a process and its descendants, from samples of /proc (proc(5)).
 *
 * Samples, because Node tells neither for a child that has ended: they are taken early, then ever
 * less often, and whenever the caller knows of a good moment. Nothing where there is no /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Usage } from './handler.ts';

const FIRST_INTERVAL_MS = 5;
const MAX_INTERVAL_MS = 250;
/** USER_HZ: 100 on every architecture that Node runs on. */
const MS_PER_TICK = 10;
/** A fork bomb must not make its observer slow as well. */
const MAX_PROCESSES = 200;

export class UsageSampler {
  readonly #pid: number;
  #intervalMs = FIRST_INTERVAL_MS;
  #timer: NodeJS.Timeout | null = null;
  #cpuMs = 0;
  #peakBytes = 0;
  #seen = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  start(): void {
    this.sample();
    this.#timer = setTimeout(() => this.start(), this.#intervalMs).unref();
    this.#intervalMs = Math.min(this.#intervalMs * 2, MAX_INTERVAL_MS);
  }

  sample(): void {
    let cpuMs = 0;
    for (const pid of withDescendants(this.#pid)) {
      const ticks = cpuTicks(pid);
      if (ticks === undefined) continue;
      this.#seen = true;
      cpuMs += ticks * MS_PER_TICK;
      this.#peakBytes = Math.max(this.#peakBytes, peakBytes(pid));
    }
    // A child that has moved away from under the leader takes its time along; what was seen stays.
    this.#cpuMs = Math.max(this.#cpuMs, cpuMs);
  }

  stop(): Usage | undefined {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#seen) return undefined;
    const cpuMs = this.#cpuMs;
    // A process that has ended and is not yet waited for shows its time, but its memory is gone: no
    // process ever used 0 bytes, so that 0 says unknown.
    return this.#peakBytes === 0 ? { cpuMs } : { cpuMs, peakBytes: this.#peakBytes };
  }
}

function withDescendants(leader: number): readonly number[] {
  const found = [leader];
  for (let index = 0; index < found.length && found.length < MAX_PROCESSES; index += 1) {
    found.push(...childrenOf(found[index] as number));
  }
  return found;
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    // Ended meanwhile, or a kernel without the list: the leader alone is sampled then.
    return [];
  }
}

/** Its own time and that of the children it has waited for. */
function cpuTicks(pid: number): number | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command name (field 2) may hold spaces and brackets: count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime, cstime: fields 14 to 17.
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
}

function peakBytes(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1];
  return Number(kib ?? 0) * 1024;
}

function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // The process has ended, or this system has no /proc.
    return undefined;
  }
}

/** What the system says of a process: memory and processor time. Nothing where there is no /proc (proc(5)). */
import { readFileSync } from 'node:fs';
import { residentBytes } from './process-memory.ts';

export interface Vitals {
  readonly residentBytes: number | null;
  /** User and system time since it began. */
  readonly cpuSeconds: number | null;
}

/** Linux counts for programs in hundredths, whatever its own clock is (USER_HZ, proc(5)). */
const TICKS_PER_SECOND = 100;
/** Behind the name of the command, counted from the state: utime and stime. */
const UTIME = 11;
const STIME = 12;

export function vitalsOf(pid: number): Vitals {
  return { residentBytes: residentBytes(pid) ?? null, cpuSeconds: cpuSecondsOf(pid) };
}

function cpuSecondsOf(pid: number): number | null {
  try {
    // The name may hold spaces and brackets: count from the last one.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[UTIME]) + Number(fields[STIME]);
    return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : null;
  } catch {
    // Gone meanwhile, or no /proc.
    return null;
  }
}

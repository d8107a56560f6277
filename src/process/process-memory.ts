/** How much memory a process has resident. Nothing where there is no /proc (proc(5)). */
import { readFileSync } from 'node:fs';

/** Bytes; undefined for a process that is gone, and on systems that do not tell. */
export function residentBytes(pid: number): number | undefined {
  try {
    // Not statm: it counts in pages, whose size Node does not tell.
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    // Gone meanwhile, or no /proc.
    return undefined;
  }
}

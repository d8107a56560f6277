/**
 * Finds the processes of a role that have grown beyond its `memoryLimit`, before the system ends something else.
 *
 * Without a limit there is no timer. Judges nothing but the size: whose fault it was is the core's matter.
 */
import { residentBytes } from '../process/process-memory.ts';

/** A process that allocates 1 GiB/s is met 0.5 GiB beyond its limit. */
const LOOK_MS = 500;

export interface MemoryWatchOptions {
  /** Bytes; 0: no limit. */
  readonly limit: number;
  readonly pids: () => readonly number[];
  readonly onOver: (pid: number, bytes: number) => void;
  readonly measure?: (pid: number) => number | undefined;
}

/** @returns ends the watch */
export function watchMemory({
  limit,
  pids,
  onOver,
  measure = residentBytes,
}: MemoryWatchOptions): () => void {
  if (limit === 0) return () => {};
  const timer = setInterval(() => {
    for (const pid of pids()) {
      const bytes = measure(pid) ?? 0;
      if (bytes > limit) onOver(pid, bytes);
    }
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/**
 * Where log lines go: a descriptor that is written to without waiting for whoever reads it.
 *
 * Judges no failure: what the system says is thrown, and log-outlet.ts decides.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface LogTarget {
  /**
   * @returns how many bytes were taken; 0: there is no room now
   * @throws the system's error, when it cannot take them at all
   */
  write(bytes: Uint8Array): number;
}

const STDERR = 2;

export function openStderr(): LogTarget {
  const descriptor = withoutWaiting(STDERR);
  return { write: (bytes) => writeWhatFits(descriptor, bytes) };
}

export function writeWhatFits(descriptor: number, bytes: Uint8Array): number {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

/**
 * A pipe or a terminal is opened once more, since O_NONBLOCK belongs to what all holders of a descriptor
 * share, and the others may count on waiting. A socket cannot be opened again: Node makes it non-blocking
 * when it takes it for `process.stderr`. A file has no reader to wait for.
 */
function withoutWaiting(descriptor: number): number {
  try {
    const stats = fstatSync(descriptor);
    if (stats.isSocket()) void process.stderr;
    if (stats.isFIFO() || isatty(descriptor)) {
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    }
  } catch {
    // No /proc, a terminal of another user, a pipe that nobody has open to read, or closed: Node's way is left.
    void process.stderr;
  }
  return descriptor;
}

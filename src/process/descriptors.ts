/** How many files and connections this process may have open at once, as the system says. */
import { readFileSync } from 'node:fs';

/** Where the system does not say; the least that is common. */
const UNKNOWN_LIMIT = 1_024;

/** The limit of now: Node raises the soft limit to the hard one when it starts. */
export function descriptorLimit(): number {
  try {
    return parseDescriptorLimit(readFileSync('/proc/self/limits', 'utf8')) ?? UNKNOWN_LIMIT;
  } catch {
    // No /proc: not Linux.
    return UNKNOWN_LIMIT;
  }
}

/** The soft limit in the text of /proc/PID/limits (proc(5)); undefined where it has none. */
export function parseDescriptorLimit(text: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

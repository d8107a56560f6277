/** Decides when an executor has worked enough and another is to take its place. Pure. */
import type { WorkerSettings } from '../config/settings.ts';

export interface Wear {
  /** That this process has run so far. */
  readonly attempts: number;
  readonly residentBytes: number;
}

/** @returns why it is to be replaced; null: it goes on */
export function decideRecycling(
  wear: Wear,
  limits: Pick<WorkerSettings, 'maxJobs' | 'maxMemory'>,
): string | null {
  const { maxJobs, maxMemory } = limits;
  if (maxJobs > 0 && wear.attempts >= maxJobs) {
    return `it has run ${wear.attempts} attempts (maxJobs ${maxJobs})`;
  }
  if (maxMemory > 0 && wear.residentBytes > maxMemory) {
    return `it has grown to ${wear.residentBytes} bytes (maxMemory ${maxMemory})`;
  }
  return null;
}

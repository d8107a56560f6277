/**
 * The contract of every long-lived part, and the one deadline that a stop shares.
 *
 * `stop` may be called twice, before `start`, and while starting; afterwards no timer, socket or
 * statement of the part remains.
 */

export interface Service {
  start(): Promise<void>;
  stop(deadline: Deadline): Promise<void>;
}

/** A moment on the monotonic clock by which a stop must be over. */
export interface Deadline {
  /** Milliseconds left, never negative. */
  readonly remainingMs: () => number;
}

export function deadlineIn(ms: number, nowMono: () => number = () => performance.now()): Deadline {
  const endMono = nowMono() + ms;
  return { remainingMs: () => Math.max(0, endMono - nowMono()) };
}

/** A deadline that ends `ms` earlier, for a step that must leave time for the next. */
export function earlier(deadline: Deadline, ms: number): Deadline {
  return { remainingMs: () => Math.max(0, deadline.remainingMs() - ms) };
}

/** Starts in order; if one fails, those already started are stopped before the error goes on. */
export async function startAll(services: readonly Service[], stopWithinMs: number): Promise<void> {
  const started: Service[] = [];
  try {
    for (const service of services) {
      started.push(service);
      await service.start();
    }
  } catch (error) {
    await stopAll(started, deadlineIn(stopWithinMs));
    throw error;
  }
}

/** Stops last-in-first-out. Every part is stopped even if one fails; the first failure is thrown. */
export async function stopAll(services: readonly Service[], deadline: Deadline): Promise<void> {
  const failures: unknown[] = [];
  for (const service of services.toReversed()) {
    await service.stop(deadline).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

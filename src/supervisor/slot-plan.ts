/** Decides which children a supervisor keeps, and how the time of a stop is shared among them. Pure. */
import type { Settings } from '../config/settings.ts';
import type { Role, SupervisorMode } from '../protocol/supervision.ts';

export interface SlotName {
  readonly role: Role;
  /** 0 for the first executor, 1 for the second …; 0 for the others. */
  readonly index: number;
}

/** In the order of starting; a stop goes by role, see `STOP_ORDER`. */
export function planSlots(
  mode: SupervisorMode,
  worker: Pick<Settings['worker'], 'processes'>,
): readonly SlotName[] {
  const core: SlotName = { role: 'core', index: 0 };
  const gateway: SlotName = { role: 'gateway', index: 0 };
  const executors = Array.from(
    { length: worker.processes },
    (_, index): SlotName => ({ role: 'executor', index }),
  );
  switch (mode) {
    case 'up':
      return [core, ...executors, gateway];
    case 'worker':
      return [core, ...executors];
    case 'web_socket':
      return [core, gateway];
  }
}

/** Executors end their jobs, the gateway still tells of these ends, the core records all of it. */
export const STOP_ORDER: readonly Role[] = ['executor', 'gateway', 'core'];

/** How long after its time a child is killed: a stop that ends on the dot is not cut off. */
export const KILL_SLACK_MS = 250;

/**
 * Milliseconds that a role gets to stop, when `remainingMs` of `totalMs` are left.
 *
 * The least times bound the overrun: 1 s for the gateway, 2 s for the core and three slacks stay
 * below the 5 s that a stop may last beyond `shutdownTimeout`.
 */
export function stopShareMs(role: Role, totalMs: number, remainingMs: number): number {
  switch (role) {
    case 'executor':
      return Math.max(remainingMs - 3_000, totalMs / 2);
    case 'gateway':
      return Math.max(remainingMs - 1_500, 1_000);
    case 'core':
      return Math.max(remainingMs, 2_000);
  }
}

export function describeSlot(slot: SlotName): string {
  return slot.role === 'executor' ? `executor ${slot.index}` : slot.role;
}

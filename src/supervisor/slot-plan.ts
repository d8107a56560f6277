/** Decides which children a supervisor keeps, and how the time of a stop is shared among them. Pure. */
import type { JobTypeSettings, Settings } from '../config/settings.ts';
import type { Role, SupervisorMode } from '../protocol/supervision.ts';

export interface SlotName {
  readonly role: Role;
  /** 0 for the first executor or gateway, 1 for the second …; 0 for the core. */
  readonly index: number;
  /** The one job type that an executor runs; null: all that have no processes of their own. */
  readonly only: string | null;
}

export interface SlotSettings {
  readonly worker: Pick<Settings['worker'], 'processes'>;
  readonly jobs: readonly Pick<JobTypeSettings, 'name' | 'processes'>[];
  readonly webSocketEvents: Pick<Settings['webSocketEvents'], 'gateways'>;
}

type Limited = { readonly memoryLimit: number };

export interface MemorySettings {
  readonly daemon: Limited;
  readonly worker: Limited;
  readonly webSocketEvents: Limited;
}

/** Types that were commands or web hooks of the configuration, and are no more. */
export function droppedTypes(
  before: Pick<Settings, 'jobs'>,
  after: Pick<Settings, 'jobs'>,
): ReadonlySet<string> {
  const configured = ({ jobs }: Pick<Settings, 'jobs'>): readonly string[] =>
    jobs.filter(({ command, url }) => command !== null || url !== null).map(({ name }) => name);
  const kept = new Set(configured(after));
  return new Set(configured(before).filter((name) => !kept.has(name)));
}

/** In the order of starting; a stop goes by role, see `STOP_ORDER`. */
export function planSlots(mode: SupervisorMode, settings: SlotSettings): readonly SlotName[] {
  const core: SlotName = { role: 'core', index: 0, only: null };
  const gateways = Array.from(
    { length: settings.webSocketEvents.gateways },
    (_, index): SlotName => ({ role: 'gateway', index, only: null }),
  );
  switch (mode) {
    case 'up':
      return [core, ...planExecutors(settings), ...gateways];
    case 'worker':
      return [core, ...planExecutors(settings)];
    case 'web_socket':
      return [core, ...gateways];
    case 'edge':
      return gateways;
  }
}

function planExecutors({ worker, jobs }: SlotSettings): readonly SlotName[] {
  const shared = Array.from({ length: worker.processes }, () => null);
  const apart = jobs.flatMap(({ name, processes }) =>
    Array.from({ length: processes }, () => name),
  );
  return [...shared, ...apart].map((only, index) => ({ role: 'executor', index, only }));
}

const MIB = 1_048_576;
/** Of a memory limit; the rest is for what V8 does not count: buffers, code, native libraries. */
const HEAP_SHARE = 0.75;
const MIN_HEAP_MIB = 32;

/** What a process of the role may grow to, in bytes; 0: no limit. */
export function memoryLimitOf(role: Role, settings: MemorySettings): number {
  switch (role) {
    case 'core':
      return settings.daemon.memoryLimit;
    case 'executor':
      return settings.worker.memoryLimit;
    case 'gateway':
      return settings.webSocketEvents.memoryLimit;
  }
}

/**
 * Of the memory for new objects, V8 keeps three of these (`node --v8-options`, max_semi_space_size; 16 by default). A gateway
 * makes little and keeps all that it makes for a connection: more would only stay taken, 2 KiB for each of 10,000.
 */
const GATEWAY_ARGV: readonly string[] = ['--max-semi-space-size=2'];

/**
 * Options of Node for a process of the role. With a limit V8 collects harder as it gets near its own, so that a process
 * which merely is lazy does not meet the one that ends it.
 */
export function nodeArgv(role: Role, memoryLimit: number): readonly string[] {
  const argv = role === 'gateway' ? GATEWAY_ARGV : [];
  if (memoryLimit === 0) return argv;
  const heapMib = Math.max(MIN_HEAP_MIB, Math.floor((memoryLimit * HEAP_SHARE) / MIB));
  return [...argv, `--max-old-space-size=${heapMib}`];
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

export function describeSlot({ role, index, only }: SlotName): string {
  if (role === 'gateway' && index > 0) return `gateway ${index}`;
  if (role !== 'executor') return role;
  return only === null ? `executor ${index}` : `executor ${index} (${only})`;
}

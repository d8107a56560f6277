/**
 * Decides when a child process that ended unexpectedly starts again, and when starting again is pointless.
 *
 * Pure on purpose: times come in as arguments, so a test can write any schedule down exactly.
 *
 *   ended ──▶ judgeExit ──▶ give-up   (a permanent reason: the supervisor stops with this exit code)
 *                      └──▶ restart ──▶ decideRestart ──▶ delayMs
 */
import { exitCodeOf } from '../protocol/errors.ts';

export interface RestartPolicy {
  /** Delay of the second restart in a row; the first one is immediate. Doubles from there. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** A life of at least this length ends the row: the next restart is immediate again. */
  readonly steadyLifeMs: number;
  /** The breaker: at most so many restarts … */
  readonly maxRestarts: number;
  /** … within this time, however long the lives were. */
  readonly windowMs: number;
  /** From so many restarts in a row on the place is degraded … */
  readonly degradedStreak: number;
  /** … until a process has lived for so long. */
  readonly recoveredLifeMs: number;
}

export const DEFAULT_RESTART_POLICY: RestartPolicy = {
  baseDelayMs: 100,
  maxDelayMs: 30_000,
  steadyLifeMs: 5_000,
  maxRestarts: 10,
  windowMs: 60_000,
  degradedStreak: 5,
  recoveredLifeMs: 60_000,
};

export interface RestartHistory {
  /** Restarts in a row, each after a short life or the first one after a steady life. */
  readonly streak: number;
  /** When the latest restarts were due, oldest first. */
  readonly restartsMono: readonly number[];
}

export const NO_RESTARTS: RestartHistory = { streak: 0, restartsMono: [] };

/** From fork to exit, on the monotonic clock. */
export interface Life {
  readonly startedMono: number;
  readonly endedMono: number;
}

export interface RestartDecision {
  readonly delayMs: number;
  /** True when the breaker, not the backoff, sets the delay. */
  readonly heldBack: boolean;
  /** True when this is no accident any more: somebody should look. */
  readonly degraded: boolean;
  readonly history: RestartHistory;
}

export function decideRestart(
  history: RestartHistory,
  life: Life,
  policy: RestartPolicy = DEFAULT_RESTART_POLICY,
): RestartDecision {
  const steady = life.endedMono - life.startedMono >= policy.steadyLifeMs;
  const streak = steady ? 0 : history.streak;
  const backoffMs = backoffDelayMs(policy, streak);
  const breakerMs = breakerDelayMs(policy, history.restartsMono, life.endedMono);
  const delayMs = Math.max(backoffMs, breakerMs);
  const restartsMono = [...history.restartsMono, life.endedMono + delayMs];
  const heldBack = breakerMs > backoffMs;
  return {
    delayMs,
    heldBack,
    degraded: heldBack || streak + 1 >= policy.degradedStreak,
    history: { streak: streak + 1, restartsMono: restartsMono.slice(-policy.maxRestarts) },
  };
}

function backoffDelayMs(policy: RestartPolicy, streak: number): number {
  if (streak === 0) return 0;
  return Math.min(policy.baseDelayMs * 2 ** (streak - 1), policy.maxDelayMs);
}

/** Time until the oldest of the last `maxRestarts` leaves the window: no shorter one keeps the bound. */
function breakerDelayMs(
  policy: RestartPolicy,
  restartsMono: readonly number[],
  nowMono: number,
): number {
  const oldest = restartsMono.at(-policy.maxRestarts);
  if (oldest === undefined) return 0;
  return Math.max(0, oldest + policy.windowMs - nowMono);
}

export interface ChildExit {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** True once this child, or an earlier one in its place, said that it works or waits. */
  readonly everReady: boolean;
  /** True when it said itself that it cannot work. Without that the code is a handler's own `process.exit`. */
  readonly told: boolean;
  /** `[daemon] standby`: false means that a second daemon is refused instead of waiting. */
  readonly standby: boolean;
}

export type ExitVerdict =
  | { readonly kind: 'restart' }
  | { readonly kind: 'give-up'; readonly exitCode: number };

const INVALID_DATA = exitCodeOf('E_DATABASE_INVALID');
const CANNOT_CREATE = exitCodeOf('E_CANNOT_CREATE');
const OWNED = exitCodeOf('E_OWNED');
const NO_PERMISSION = exitCodeOf('E_UNAUTHORIZED');
const MISCONFIGURED = exitCodeOf('E_CONFIG');

/** Reasons that only an operator can mend, at any time. */
const ALWAYS_PERMANENT: readonly number[] = [INVALID_DATA, NO_PERMISSION, MISCONFIGURED];

export function judgeExit(exit: ChildExit): ExitVerdict {
  const { exitCode } = exit;
  if (exitCode === null || !exit.told) return { kind: 'restart' };
  if (ALWAYS_PERMANENT.includes(exitCode)) return { kind: 'give-up', exitCode };
  // A taken port at the first start is a mistake to be told at once. Later it worked before, so
  // whoever holds it now may let go: a running service does not end for that.
  if (exit.everReady) return { kind: 'restart' };
  const refused = exitCode === CANNOT_CREATE || (exitCode === OWNED && !exit.standby);
  return refused ? { kind: 'give-up', exitCode } : { kind: 'restart' };
}
